import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;

import org.opensearch.Version;
import org.opensearch.common.logging.LogConfigurator;
import org.opensearch.common.settings.Setting;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.http.HttpServerTransport;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.plugins.Plugin;
import org.opensearch.plugins.PluginInfo;

/**
 * One node of OpenSearch for tests: {@code OpenSearchNode HOME PORT GEOIP [SETTING=VALUE ...]}, with port 0 for a free one and GEOIP the folder of
 * the GeoLite2 databases. Prints {@code READY http://127.0.0.1:PORT}, and ends when its standard input does.
 */
public final class OpenSearchNode {
    private static final String PAINLESS = "org.opensearch.painless.PainlessModulePlugin";

    /** Painless learns from the modules that it extends what scripts may call; the others are on their own. */
    private static final List<PluginInfo> MODULES = List.of(
        module("org.opensearch.transport.Netty4ModulePlugin"),
        module("org.opensearch.analysis.common.CommonAnalysisModulePlugin", PAINLESS),
        module("org.opensearch.ingest.common.IngestCommonModulePlugin", PAINLESS),
        module("org.opensearch.ingest.useragent.IngestUserAgentModulePlugin"),
        module("org.opensearch.ingest.geoip.IngestGeoIpModulePlugin"),
        module(DatabasePath.class.getName()),
        module(PAINLESS),
        module("org.opensearch.script.mustache.MustacheModulePlugin"),
        module("org.opensearch.index.mapper.MapperExtrasModulePlugin", PAINLESS),
        module("org.opensearch.index.reindex.ReindexModulePlugin")
    );

    private static PluginInfo module(String className, String... extended) {
        return new PluginInfo(className, "on the class path", Version.CURRENT.toString(), Version.CURRENT, "21", className, null, List.of(extended), false);
    }

    /** The geoip module reads this setting and registers it in its own tests only. */
    public static final class DatabasePath extends Plugin {
        @Override
        public List<Setting<?>> getSettings() {
            return List.of(Setting.simpleString("ingest.geoip.database_path", Setting.Property.NodeScope));
        }
    }

    private static final class ModularNode extends Node {
        ModularNode(Environment environment, Collection<PluginInfo> modules) {
            super(environment, modules, true);
        }
    }

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
        for (String folder : List.of("config/ingest-geoip", "plugins", "data", "logs")) {
            Files.createDirectories(home.resolve(folder));
        }
        Settings.Builder settings = Settings.builder()
            .put("path.home", home.toString())
            .put("cluster.name", "test")
            .put("node.name", "test")
            .putList("node.roles", "cluster_manager", "data", "ingest")
            .put("network.host", "127.0.0.1")
            .put("http.port", arguments[1])
            .put("transport.port", "0")
            .put("discovery.type", "single-node")
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .put("ingest.geoip.database_path", arguments[2]);
        for (int index = 3; index < arguments.length; index++) {
            String[] setting = arguments[index].split("=", 2);
            settings.put(setting[0], setting[1]);
        }
        LogConfigurator.setNodeName("test");
        LogConfigurator.configureWithoutConfig(Settings.builder().put("logger.level", "INFO").build());
        Environment environment = InternalSettingsPreparer.prepareEnvironment(settings.build(), Map.of(), home.resolve("config"), () -> "test");
        Node node = new ModularNode(environment, MODULES);
        node.start();
        System.out.println("READY http://127.0.0.1:" + node.injector().getInstance(HttpServerTransport.class).boundAddress().publishAddress().getPort());
        while (System.in.read() >= 0) {
            // nothing is ever written there
        }
        node.close();
        System.exit(0);
    }
}
