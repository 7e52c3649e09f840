import org.neo4j.backup.impl.BackupModule;
import org.neo4j.backup.impl.BackupSupportingClassesFactory;
import org.neo4j.backup.impl.BackupSupportingClassesFactoryProvider;
import org.neo4j.causalclustering.handlers.PipelineWrapper;
import org.neo4j.kernel.configuration.Config;
import org.neo4j.kernel.impl.enterprise.configuration.OnlineBackupSettings;

/** Makes `neo4j-admin backup` obey `dbms.backup.ssl_policy`; found by the service loader. */
public class SecureBackup extends BackupSupportingClassesFactoryProvider {
  private static class Factory extends BackupSupportingClassesFactory {
    Factory(BackupModule module) {
      super(module);
    }

    @Override
    protected PipelineWrapper createPipelineWrapper(Config config) {
      return new TlsWrapper().forClient(config, null, logProvider, OnlineBackupSettings.ssl_policy);
    }
  }

  public SecureBackup() {
    super("secure-backup");
  }

  @Override
  public BackupSupportingClassesFactory getFactory(BackupModule module) {
    return new Factory(module);
  }

  @Override
  protected int getPriority() {
    return 100;
  }
}
