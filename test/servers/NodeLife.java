import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the nodes of both stores have in common: {@code HOME PORT PARTS [SETTING=VALUE ...]}, with port 0 for a free one and PARTS the folder of what the
 * node needs beside its class path. Prints {@code READY http://127.0.0.1:PORT}, and ends when its standard input does.
 */
final class NodeLife {
    /** Starts a node of one store; the settings are all that it is told. */
    interface Start {
        Started start(Path home, Path parts, Map<String, String> settings) throws Exception;
    }

    record Started(AutoCloseable node, int port) {
    }

    private NodeLife() {
    }

    static void live(String[] arguments, Start start) {
        try {
            Path home = Path.of(arguments[0]).toAbsolutePath();
            for (String folder : List.of("config", "plugins", "data", "logs")) {
                Files.createDirectories(home.resolve(folder));
            }
            Started started = start.start(home, Path.of(arguments[2]), settingsOf(home, arguments));
            System.out.println("READY http://127.0.0.1:" + started.port());
            while (System.in.read() >= 0) {
                // nothing is ever written there
            }
            started.node().close();
            System.exit(0);
        } catch (Throwable failure) {
            failure.printStackTrace();
            // a node that has started half leaves threads that would keep the machine up
            Runtime.getRuntime().halt(1);
        }
    }

    private static Map<String, String> settingsOf(Path home, String[] arguments) {
        Map<String, String> settings = new TreeMap<>(Map.of(
            "path.home", home.toString(), "cluster.name", "test", "node.name", "test", "network.host", "127.0.0.1", "http.port", arguments[1], "transport.port", "0",
            "discovery.type", "single-node", "cluster.routing.allocation.disk.threshold_enabled", "false"));
        for (int index = 3; index < arguments.length; index++) {
            String[] setting = arguments[index].split("=", 2);
            settings.put(setting[0], setting[1]);
        }
        return settings;
    }
}
