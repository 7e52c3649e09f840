import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.Permission;
import java.util.Arrays;
import java.util.Base64;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Runs a main class many times in one JVM, which is started once and is warm from the second run on. Argument: the main class. Standard
 * input has one run per line: how long it may take, in milliseconds, and its arguments, all separated by tabs. For each run a line is
 * printed: the exit code, or "hung" for a run that does not end in time (3.x checkers wait for ever when one of their workers has died of a
 * damaged record), and what it wrote to standard output and to standard error, in base64. The end of standard input ends the JVM, so it does not
 * outlive the tests.
 */
public class Repeated {
  /** The first exit code of the run of this thread: programs take the refusal for an error, and exit again. */
  private static final ThreadLocal<Integer> firstExit = new ThreadLocal<>();

  private static String run(String main, String[] args, long limitMs) throws Exception {
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
    run.join(limitMs);
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

  private static String encode(ByteArrayOutputStream bytes) {
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  private static String runLine(String main, String[] fields) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    System.setOut(new PrintStream(out, true));
    System.setErr(new PrintStream(err, true));
    String[] arguments = Arrays.copyOfRange(fields, 1, fields.length);
    String code = run(main, arguments, Long.parseLong(fields[0]));
    return code + "\t" + encode(out) + "\t" + encode(err);
  }

  public static void main(String[] args) throws Exception {
    PrintStream answers = System.out;
    System.setSecurityManager(new SecurityManager() {
      @Override public void checkPermission(Permission permission) {}
      @Override public void checkPermission(Permission permission, Object context) {}
      @Override public void checkExit(int code) {
        if (firstExit.get() == null) firstExit.set(code);
        throw new SecurityException("exit " + code);
      }
    });
    BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    Thread runner = new Thread(() -> {
      try {
        while (true) answers.println(runLine(args[0], lines.take().split("\t")));
      } catch (Exception e) {
        Runtime.getRuntime().halt(1);
      }
    });
    runner.setDaemon(true);
    runner.start();
    BufferedReader runs = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = runs.readLine()) != null;) lines.add(line);
    System.setSecurityManager(null);
    System.exit(0);
  }
}
