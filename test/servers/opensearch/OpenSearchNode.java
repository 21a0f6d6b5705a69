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

/** One node of OpenSearch for tests, as NodeLife says; its parts are the GeoLite2 databases. */
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
        NodeLife.live(arguments, OpenSearchNode::start);
    }

    private static NodeLife.Started start(Path home, Path geoip, Map<String, String> told) throws Exception {
        Files.createDirectories(home.resolve("config/ingest-geoip"));
        Settings.Builder settings = Settings.builder().putList("node.roles", "cluster_manager", "data", "ingest").put("ingest.geoip.database_path", geoip.toString());
        told.forEach(settings::put);
        LogConfigurator.setNodeName("test");
        LogConfigurator.configureWithoutConfig(Settings.builder().put("logger.level", "INFO").build());
        Environment environment = InternalSettingsPreparer.prepareEnvironment(settings.build(), Map.of(), home.resolve("config"), () -> "test");
        Node node = new ModularNode(environment, MODULES);
        node.start();
        return new NodeLife.Started(node, node.injector().getInstance(HttpServerTransport.class).boundAddress().publishAddress().getPort());
    }
}
