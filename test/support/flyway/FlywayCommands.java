import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.MigrationInfo;

/** Runs Flyway's commands in one JVM, in its default configuration but for schema and folder: URL USER PASSWORD FOLDER COMMAND... */
public class FlywayCommands {
  public static void main(String[] args) {
    Flyway flyway = Flyway.configure()
        .dataSource(args[0], args[1], args[2])
        .schemas("hook")
        .locations("filesystem:" + args[3])
        .load();
    for (int i = 4; i < args.length; i++) {
      run(flyway, args[i]);
    }
  }

  private static void run(Flyway flyway, String command) {
    switch (command) {
      case "migrate" -> System.out.println("migrate " + flyway.migrate().migrationsExecuted);
      case "validate" -> {
        var result = flyway.validateWithResult();
        System.out.println("validate " + (result.validationSuccessful ? "ok" : result.getAllErrorMessages()));
      }
      case "info" -> {
        for (MigrationInfo info : flyway.info().all()) {
          System.out.println("info " + info.getVersion() + " " + info.getState() + " " + info.getChecksum());
        }
      }
      default -> throw new IllegalArgumentException(command);
    }
  }
}
