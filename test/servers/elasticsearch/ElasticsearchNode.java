import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

import org.elasticsearch.Build;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.http.HttpServerTransport;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * One node of Elasticsearch for tests: {@code ElasticsearchNode HOME PORT TRANSPORT [SETTING=VALUE ...]}, with port 0 for a free one and TRANSPORT the
 * folder of the jars of transport-netty4. Prints {@code READY http://127.0.0.1:PORT}, and ends when its standard input does.
 */
public final class ElasticsearchNode {
    public static void main(String[] arguments) {
        try {
            run(arguments);
        } catch (Throwable failure) {
            failure.printStackTrace();
            // a node that has started half leaves threads that would keep the machine up
            Runtime.getRuntime().halt(1);
        }
    }

    private static void run(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]).toAbsolutePath();
        for (String folder : List.of("config", "plugins", "data", "logs")) {
            Files.createDirectories(home.resolve(folder));
        }
        installTransport(Path.of(arguments[2]), home.resolve("modules/transport-netty4"));
        Settings.Builder settings = Settings.builder()
            .put("path.home", home.toString())
            .put("cluster.name", "test")
            .put("node.name", "test")
            .put("network.host", "127.0.0.1")
            .put("http.port", arguments[1])
            .put("transport.port", "0")
            .put("discovery.type", "single-node")
            .put("cluster.routing.allocation.disk.threshold_enabled", false);
        for (int index = 3; index < arguments.length; index++) {
            String[] setting = arguments[index].split("=", 2);
            settings.put(setting[0], setting[1]);
        }
        LogConfigurator.configureESLogging();
        LogConfigurator.setNodeName("test");
        LogConfigurator.configureWithoutConfig(Settings.builder().put("logger.level", "INFO").build());
        Environment environment = InternalSettingsPreparer.prepareEnvironment(settings.build(), Map.of(), home.resolve("config"), () -> "test");
        // false: the server is on the class path and no named module
        PluginsLoader plugins = PluginsLoader.createPluginsLoader(PluginsLoader.loadModulesBundles(home.resolve("modules"), false),
            PluginsLoader.loadPluginsBundles(home.resolve("plugins"), false), Map.of(), false);
        Node node = new Node(environment, plugins);
        node.start();
        System.out.println("READY http://127.0.0.1:" + node.injector().getInstance(HttpServerTransport.class).boundAddress().publishAddress().getPort());
        while (System.in.read() >= 0) {
            // nothing is ever written there
        }
        node.close();
        System.exit(0);
    }

    /** A module is a folder of jars with a description, which the artifact of Maven does not have. */
    private static void installTransport(Path source, Path module) throws Exception {
        if (Files.exists(module)) {
            return;
        }
        Files.createDirectories(module);
        try (var jars = Files.list(source)) {
            for (Path jar : jars.toList()) {
                Files.copy(jar, module.resolve(jar.getFileName()));
            }
        }
        String version = Build.current().version();
        Files.write(module.resolve("plugin-descriptor.properties"), List.of("name=transport-netty4", "description=Netty 4 based transport", "version=" + version,
            "elasticsearch.version=" + version, "java.version=21", "classname=org.elasticsearch.transport.netty4.Netty4Plugin", "extended.plugins=", "has.native.controller=false"));
    }
}
