import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.Permission;

/**
 * Runs a main class many times in one JVM, which is started once. Arguments: the main class, and a file with one run per line, its
 * arguments separated by tabs. Prints one line per run: the exit code, or "hung" for a run that does not end in time (3.x checkers wait for
 * ever when one of their workers has died of a damaged record). What the runs print is dropped.
 */
public class Repeated {
  private static final long LIMIT_MS = 10_000;
  /** The first exit code of the run of this thread: programs take the refusal for an error, and exit again. */
  private static final ThreadLocal<Integer> firstExit = new ThreadLocal<>();

  private static String run(String main, String[] args) throws Exception {
    String[] code = {"none"};
    ThreadGroup group = new ThreadGroup("run");
    Thread run = new Thread(group, () -> {
      try {
        Class.forName(main).getMethod("main", String[].class).invoke(null, (Object) args);
      } catch (ReflectiveOperationException e) {
        // that is how it ends
      }
      code[0] = String.valueOf(firstExit.get());
    });
    run.setDaemon(true);
    run.start();
    run.join(LIMIT_MS);
    if (!run.isAlive()) return code[0];
    end(group);
    return "hung";
  }

  /** What waits for ever may do so at full speed, and would take the time of the runs after it. */
  @SuppressWarnings("removal")
  private static void end(ThreadGroup group) {
    group.setMaxPriority(Thread.MIN_PRIORITY);
    try {
      group.stop();
    } catch (UnsupportedOperationException e) {
      // since Java 20; then they go on
    }
  }

  public static void main(String[] args) throws Exception {
    PrintStream out = System.out;
    PrintStream dropped = new PrintStream(new OutputStream() {
      @Override public void write(int b) {}
      @Override public void write(byte[] b, int off, int len) {}
    });
    System.setSecurityManager(new SecurityManager() {
      @Override public void checkPermission(Permission permission) {}
      @Override public void checkPermission(Permission permission, Object context) {}
      @Override public void checkExit(int code) {
        if (firstExit.get() == null) firstExit.set(code);
        throw new SecurityException("exit " + code);
      }
    });
    System.setOut(dropped);
    System.setErr(dropped);
    for (String line : Files.readAllLines(Paths.get(args[1]))) {
      out.println(run(args[0], line.split("\t")));
    }
    System.setSecurityManager(null);
    Runtime.getRuntime().halt(0);
  }
}
