import java.io.File;
import org.neo4j.causalclustering.core.CoreGraphDatabase;
import org.neo4j.causalclustering.core.EnterpriseCoreEditionModule;
import org.neo4j.causalclustering.discovery.DiscoveryServiceFactory;
import org.neo4j.causalclustering.discovery.HazelcastDiscoveryServiceFactory;
import org.neo4j.causalclustering.handlers.DuplexPipelineWrapperFactory;
import org.neo4j.graphdb.factory.GraphDatabaseSettings;
import org.neo4j.kernel.GraphDatabaseDependencies;
import org.neo4j.kernel.configuration.Config;
import org.neo4j.kernel.impl.factory.DatabaseInfo;
import org.neo4j.kernel.impl.factory.GraphDatabaseFacadeFactory;
import org.neo4j.kernel.impl.factory.PlatformModule;
import org.neo4j.logging.LogProvider;
import org.neo4j.server.CommunityBootstrapper;
import org.neo4j.server.NeoServer;
import org.neo4j.server.ServerBootstrapper;
import org.neo4j.server.database.Database;
import org.neo4j.server.database.LifecycleManagingDatabase;
import org.neo4j.server.enterprise.OpenEnterpriseNeoServer;

/** A core that obeys `dbms.backup.ssl_policy`, as the commercial packages do. */
public class SecureCore extends CommunityBootstrapper {
  private static class Module extends EnterpriseCoreEditionModule {
    Module(PlatformModule platform, DiscoveryServiceFactory discovery) {
      super(platform, discovery);
    }

    @Override
    protected DuplexPipelineWrapperFactory pipelineWrapperFactory() {
      return new TlsWrapper();
    }
  }

  private static class SecureDatabase extends CoreGraphDatabase {
    SecureDatabase(Config config, GraphDatabaseFacadeFactory.Dependencies dependencies) {
      File store = config.get(GraphDatabaseSettings.database_path);
      new GraphDatabaseFacadeFactory(DatabaseInfo.CORE, platform -> new Module(platform, new HazelcastDiscoveryServiceFactory()))
          .initFacade(store, config, dependencies, this);
    }
  }

  @Override
  protected NeoServer createNeoServer(Config config, GraphDatabaseDependencies dependencies, LogProvider log) {
    Database.Factory factory = LifecycleManagingDatabase.lifecycleManagingDatabase(SecureDatabase::new);
    return new OpenEnterpriseNeoServer(config, factory, dependencies, log);
  }

  public static void main(String[] args) {
    int status = ServerBootstrapper.start(new SecureCore(), args);
    if (status != 0) {
      System.exit(status);
    }
  }
}
