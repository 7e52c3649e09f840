import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.neo4j.graphdb.GraphDatabaseService;
import org.neo4j.graphdb.factory.GraphDatabaseFactory;

/**
 * Opens one database after the other in one JVM, which is warm from the second one on, and serves it over Bolt. Standard input has one
 * command per line: "open", a directory and a port, separated by tabs, or "close". Each is answered with a line: "done", or what went wrong. The end
 * of standard input ends the JVM.
 */
public class Opened {
  public static void main(String[] args) throws Exception {
    PrintStream answers = System.out;
    System.setOut(System.err);
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    GraphDatabaseService database = null;
    for (String line; (line = commands.readLine()) != null;) {
      String[] fields = line.split("\t");
      try {
        if (fields[0].equals("open")) database = open(fields[1], fields[2]);
        else database.shutdown();
        answers.println("done");
      } catch (Throwable error) {
        StringBuilder causes = new StringBuilder();
        for (Throwable cause = error; cause != null; cause = cause.getCause()) causes.append(cause).append("; ");
        answers.println(causes.toString().replace('\n', ' '));
      }
    }
    Runtime.getRuntime().halt(0);
  }

  /** The one of the Enterprise edition where that is what runs: the other one refuses its constraints. */
  private static GraphDatabaseFactory factory() throws ReflectiveOperationException {
    try {
      String enterprise = "org.neo4j.graphdb.factory.EnterpriseGraphDatabaseFactory";
      return (GraphDatabaseFactory) Class.forName(enterprise).getConstructor().newInstance();
    } catch (ClassNotFoundException e) {
      return new GraphDatabaseFactory();
    }
  }

  @SuppressWarnings("deprecation")
  private static GraphDatabaseService open(String directory, String port) throws ReflectiveOperationException {
    return factory()
        .newEmbeddedDatabaseBuilder(new File(directory))
        .setConfig("dbms.connector.bolt.type", "BOLT")
        .setConfig("dbms.connector.bolt.enabled", "true")
        .setConfig("dbms.connector.bolt.listen_address", "127.0.0.1:" + port)
        .setConfig("dbms.security.auth_enabled", "false")
        .setConfig("dbms.memory.pagecache.size", "16m")
        .newGraphDatabase();
  }
}
