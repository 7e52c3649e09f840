import type { ClientConfig } from '../../config/neo4j-conf.ts';
import { settings } from '../../config/settings.ts';
import { isKeyPairToBeMade, loadBackupSslPolicy } from '../../config/ssl-policy/backup-policy.ts';
import type { PolicyNotice, SslPolicy } from '../../config/ssl-policy/ssl-policy.ts';
import { type DoctorFinding, inOrder, unseen, warning } from '../findings/finding.ts';

/** The TLS policy for backups, and what is to be said of it. */
export interface TlsPolicy {
  policy: SslPolicy | undefined;
  /** The first backup makes the key and the certificate. */
  isToBeMade: boolean;
  findings: readonly DoctorFinding[];
}

/**
 * Reads the policy of the configuration, if it names one. Makes no key pair.
 * @throws GraphkeepError `config` for a policy that cannot be used
 */
export async function readTlsPolicy(config: ClientConfig): Promise<TlsPolicy> {
  const name = config.get(settings.backupSslPolicy);
  if (await isKeyPairToBeMade(config)) {
    const observed = `the policy '${name}' has no key and no certificate yet; the first backup makes them`;
    const remedy = 'Make the first backup, and let the server trust the new certificate.';
    return { policy: undefined, isToBeMade: true, findings: [unseen('tls-policy', observed, remedy)] };
  }
  const policy = await loadBackupSslPolicy(config);
  if (policy === undefined) return { policy, isToBeMade: false, findings: [] };
  const told = policy.notices.map(describeNotice);
  const findings = told.length > 0 ? told : [inOrder('tls-policy', `the policy '${name}' can be used`)];
  return { policy, isToBeMade: false, findings };
}

function describeNotice(notice: PolicyNotice): DoctorFinding {
  switch (notice.kind) {
    case 'key-pair-made':
      return inOrder('tls-policy', `made ${notice.certificate}`);
    case 'private-key-readable':
      return warning(
        'tls-policy',
        `every user of this machine can read the private key ${notice.path}`,
        `chmod o-r ${notice.path}`,
      );
    case 'certificate-expired':
      return warning(
        'tls-policy',
        `the certificate of ${notice.subject} in ${notice.path} has expired on ${notice.validTo}`,
        `Replace it with a new one (${notice.setting}).`,
      );
    case 'certificate-not-yet-valid':
      return warning(
        'tls-policy',
        `the certificate of ${notice.subject} in ${notice.path} is not valid before ${notice.validFrom}`,
        `Correct the clock, or replace the certificate (${notice.setting}).`,
      );
  }
}
