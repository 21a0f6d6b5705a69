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

/** One node of Elasticsearch for tests, as NodeLife says; its parts are the jars of transport-netty4. */
public final class ElasticsearchNode {
    public static void main(String[] arguments) {
        NodeLife.live(arguments, ElasticsearchNode::start);
    }

    private static NodeLife.Started start(Path home, Path transport, Map<String, String> told) throws Exception {
        installTransport(transport, home.resolve("modules/transport-netty4"));
        Settings.Builder settings = Settings.builder();
        told.forEach(settings::put);
        LogConfigurator.configureESLogging();
        LogConfigurator.setNodeName("test");
        LogConfigurator.configureWithoutConfig(Settings.builder().put("logger.level", "INFO").build());
        Environment environment = InternalSettingsPreparer.prepareEnvironment(settings.build(), Map.of(), home.resolve("config"), () -> "test");
        // false: the server is on the class path and no named module
        PluginsLoader plugins = PluginsLoader.createPluginsLoader(PluginsLoader.loadModulesBundles(home.resolve("modules"), false),
            PluginsLoader.loadPluginsBundles(home.resolve("plugins"), false), Map.of(), false);
        Node node = new Node(environment, plugins);
        node.start();
        return new NodeLife.Started(node, node.injector().getInstance(HttpServerTransport.class).boundAddress().publishAddress().getPort());
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
