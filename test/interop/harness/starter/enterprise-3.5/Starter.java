import org.neo4j.graphdb.facade.GraphDatabaseDependencies;
import org.neo4j.kernel.configuration.Config;
import org.neo4j.server.CommunityBootstrapper;
import org.neo4j.server.NeoServer;
import org.neo4j.server.ServerBootstrapper;
import org.neo4j.server.database.EnterpriseGraphFactory;
import org.neo4j.server.database.GraphFactory;
import org.neo4j.server.enterprise.OpenEnterpriseNeoServer;

/** The published 3.5 Enterprise artifacts have no main class; this is the missing one. */
public class Starter extends CommunityBootstrapper {
  @Override
  protected GraphFactory createGraphFactory(Config config) {
    return new EnterpriseGraphFactory();
  }

  @Override
  protected NeoServer createNeoServer(GraphFactory factory, Config config, GraphDatabaseDependencies dependencies) {
    return new OpenEnterpriseNeoServer(config, factory, dependencies);
  }

  public static void main(String[] args) {
    int status = ServerBootstrapper.start(new Starter(), args);
    if (status != 0) {
      System.exit(status);
    }
  }
}
