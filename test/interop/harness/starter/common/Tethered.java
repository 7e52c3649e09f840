import java.util.Arrays;

/**
 * Runs another main class and halts the JVM as soon as standard input ends. Standard input is a pipe held by the
 * test process, so no server outlives the tests, however they die.
 */
public class Tethered {
  public static void main(String[] args) throws Exception {
    Thread tether = new Thread(() -> {
      try {
        while (System.in.read() >= 0) {
          // nobody writes; only the end matters
        }
      } catch (Exception e) {
        // a broken pipe is an end as well
      }
      Runtime.getRuntime().halt(137);
    }, "tether");
    tether.setDaemon(true);
    tether.start();
    String[] rest = Arrays.copyOfRange(args, 1, args.length);
    Class.forName(args[0]).getMethod("main", String[].class).invoke(null, (Object) rest);
  }
}
