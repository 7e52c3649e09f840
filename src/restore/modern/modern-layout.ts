import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { syncTree } from '../../base/durable-files.ts';
import { atFile } from '../../base/file-errors.ts';
import { loadFrameCodec } from '../../base/zstd/frame-codec.ts';
import type { Repository } from '../../repository/opening/repository.ts';
import type { RestoreChoice } from '../../repository/reading/restore-choice.ts';
import { StoredObjects } from '../../repository/reading/stored-objects.ts';
import type { Unsealing } from '../../repository/seal/unseal/unsealing.ts';
import { UnsealPool } from '../../repository/seal/unseal-pool/unseal-pool.ts';
import type { RestoreEvent } from '../restore-events.ts';
import { unpackTold } from '../told-unpacking.ts';
import { type AssembledRawLog, assembleRawLog } from './raw-log-assembly.ts';

/** The two directories of a database. */
export interface LaidOut {
  readonly files: string;
  readonly logs: string;
}

/** Where a moment is read from. */
export interface ModernSource {
  readonly repository: Repository;
  readonly choice: RestoreChoice;
  /** None if the repository is not encrypted. */
  readonly identities: Unsealing['identities'];
  readonly signal: AbortSignal;
  readonly onEvent?: (event: RestoreEvent) => void;
}

/**
 * Writes the files and the log of a moment into two empty directories (spec modern-copies 7). All of it is flushed when it resolves.
 * @throws GraphkeepError `repository.*` for what is damaged or cannot be opened
 */
export async function layOut(
  { repository, choice, identities, signal, onEvent }: ModernSource,
  staged: LaidOut,
): Promise<AssembledRawLog> {
  const { manifest, plan } = choice;
  const unsealing = { codec: await loadFrameCodec(), identities };
  const pool = new UnsealPool();
  try {
    const objects = new StoredObjects(repository.store, unsealing, signal, pool);
    await unpackTold(objects, manifest, staged.files, { signal, onEvent });
    await moveLogFiles(staged);
    const reached = await assembleRawLog(objects, manifest, plan, staged.logs, signal);
    await syncTree(staged.files);
    await syncTree(staged.logs);
    return reached;
  } finally {
    await pool.close();
  }
}

const LOG_FILE = /^(neostore\.transaction\.db|checkpoint)\.\d+$/;

/** A base has the first log file and the check points among its files. */
async function moveLogFiles({ files, logs }: LaidOut): Promise<void> {
  for (const name of (await readdir(files)).filter((each) => LOG_FILE.test(each))) {
    await atFile('move the file', join(files, name), () => rename(join(files, name), join(logs, name)));
  }
}
