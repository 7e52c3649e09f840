import type { ClientConfig } from '../../config/neo4j-conf.ts';
import { settings } from '../../config/settings.ts';
import { isKeyPairToBeMade, loadBackupSslPolicy } from '../../config/ssl-policy/backup-policy.ts';
import type { PolicyNotice, SslPolicy } from '../../config/ssl-policy/ssl-policy.ts';
import { type DoctorFinding, inOrder, unseen, warning } from '../findings/finding.ts';

/**
 * Reads the TLS policy for backups; undefined without one. A key pair that the first backup would make is not made here.
 * @throws GraphkeepError `config` for a policy that cannot be used
 */
export async function readTlsPolicy(
  config: ClientConfig,
): Promise<{ policy: SslPolicy | undefined; findings: DoctorFinding[] }> {
  const name = config.get(settings.backupSslPolicy);
  if (name === '') return { policy: undefined, findings: [] };
  if (await isKeyPairToBeMade(config)) {
    const observed = `the policy '${name}' has no key and no certificate yet; the first backup makes them`;
    return {
      policy: undefined,
      findings: [
        unseen('tls-policy', observed, 'Make the first backup, and let the server trust the new certificate.'),
      ],
    };
  }
  const policy = await loadBackupSslPolicy(config);
  const notices = policy?.notices ?? [];
  const findings = notices.map(describeNotice);
  return {
    policy,
    findings: findings.length > 0 ? findings : [inOrder('tls-policy', `the policy '${name}' can be used`)],
  };
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
