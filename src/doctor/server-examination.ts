import type { ServerAddress } from '../net/server-address.ts';
import type { ConfiguredOptions } from './doctor-options.ts';
import type { Findings } from './findings/attempt.ts';
import { type DoctorFinding, unseen } from './findings/finding.ts';
import { checkTimeLimit } from './machine/resources.ts';
import { askServer, type ContinuationAnswer } from './network/server-answer.ts';
import type { TlsPolicy } from './network/tls-policy.ts';
import type { KnownBackup } from './target/existing-backup.ts';

/** Asks a server. Undefined if it says nothing about the backup, or if there is none. */
export async function examineServer(
  findings: Findings,
  { from, protocol, timeoutMs, config }: ConfiguredOptions & { from: ServerAddress },
  { policy, isToBeMade }: TlsPolicy,
  backup: KnownBackup | undefined,
  signal: AbortSignal,
): Promise<ContinuationAnswer | undefined> {
  findings.add(checkTimeLimit(config, { bytesPerSecond: undefined, copyBytes: undefined }));
  if (isToBeMade) {
    findings.add(unseen('protocol', 'the server is not asked before there is a key'), retentionOfServer());
    return undefined;
  }
  const asked = { from, protocol, timeoutMs, config, sslPolicy: policy };
  const answer = await findings.attempt('protocol', () => askServer(asked, backup, signal));
  findings.add(answer?.protocol, retentionOfServer());
  return answer?.continuation;
}

/** Whether the server can continue another backup than the one that it was asked about. */
export async function askAgain(
  { from, protocol, timeoutMs, config }: ConfiguredOptions & { from: ServerAddress },
  { policy, isToBeMade }: TlsPolicy,
  backup: KnownBackup,
  signal: AbortSignal,
): Promise<ContinuationAnswer | undefined> {
  if (isToBeMade) return undefined;
  return (await askServer({ from, protocol, timeoutMs, config, sslPolicy: policy }, backup, signal)).continuation;
}

function retentionOfServer(): DoctorFinding {
  const observed = 'how long the server keeps its log cannot be seen from here';
  const remedy =
    'Run graphkeep doctor --from=file:PATH on the machine of the server, or compare dbms.tx_log.rotation.retention_policy there.';
  return unseen('retention', observed, remedy);
}
