import org.neo4j.kernel.GraphDatabaseDependencies;
import org.neo4j.kernel.configuration.Config;
import org.neo4j.logging.LogProvider;
import org.neo4j.server.CommunityBootstrapper;
import org.neo4j.server.NeoServer;
import org.neo4j.server.ServerBootstrapper;
import org.neo4j.server.enterprise.OpenEnterpriseNeoServer;

/** The published 3.4 Enterprise artifacts have no main class; this is the missing one. */
public class Starter extends CommunityBootstrapper {
  @Override
  protected NeoServer createNeoServer(Config config, GraphDatabaseDependencies dependencies, LogProvider log) {
    return new OpenEnterpriseNeoServer(config, dependencies, log);
  }

  public static void main(String[] args) {
    int status = ServerBootstrapper.start(new Starter(), args);
    if (status != 0) {
      System.exit(status);
    }
  }
}
