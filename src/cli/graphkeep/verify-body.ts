import { describeError, type GraphkeepError } from '../../base/errors.ts';
import { printableLine } from '../../base/printable-text.ts';
import { loadFrameCodec } from '../../base/zstd/frame-codec.ts';
import { formatBytes } from '../../config/sizes.ts';
import { openRepository } from '../../repository/opening/repository.ts';
import { listDatabases } from '../../repository/reading/database-history.ts';
import { StoredObjects } from '../../repository/reading/stored-objects.ts';
import { verifyDatabase } from '../../repository/verifying/verification.ts';
import { openRepositoryStore, readIdentities } from '../commands/repository-request.ts';
import { DAMAGED_REPOSITORY } from '../failure-lines.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';

/** All are counted; so many are told. */
const MOST_TOLD = 100;

/** `graphkeep verify`. @returns the exit code */
export async function verifyBody({ values, context }: Invocation, reporter: Reporter): Promise<number> {
  const { signal } = context;
  const repository = await openRepository(await openRepositoryStore(values, context), signal);
  const { store } = repository;
  const reads = values.flag('read');
  const identities = reads ? await readIdentities(repository, values, context) : undefined;
  const objects = new StoredObjects(store, { codec: await loadFrameCodec(), identities }, signal);
  const wanted = values.optional('database');
  const names = wanted === undefined ? await listDatabases(store, signal) : [wanted];
  const total = { bases: 0, objects: 0, storedBytes: 0 };
  let bytes = 0;
  const faults: GraphkeepError[] = [];
  let faultCount = 0;
  for (const database of names) {
    const seen = await verifyDatabase(objects, {
      database,
      reads,
      signal,
      onObject: (size) => {
        bytes += size;
        reporter.progress({ phase: 'checking', bytes });
      },
      onFault: (error) => {
        faultCount++;
        if (faults.length < MOST_TOLD) faults.push(error);
      },
    });
    total.bases += seen.bases;
    total.objects += seen.objects;
    total.storedBytes += seen.storedBytes;
  }
  const looked = `${total.bases} full backups, ${total.objects} objects, ${formatBytes(total.storedBytes)}`;
  const how = reads ? 'read' : 'found in their sizes; --read reads them too';
  const verdict = faultCount === 0 ? `complete: ${looked}, ${how}` : `${faultCount} faults in ${looked}`;
  const lines = [printableLine(`Repository ${store.address}: ${verdict}`)];
  reporter.report([...lines, ...faults.map((fault) => printableLine(`  ${describeError(fault)}`))].join('\n'), {
    repository: store.address,
    read: reads,
    ...total,
    faultCount,
    faults: faults.map((fault) => ({ code: fault.code, text: describeError(fault) })),
  });
  return faultCount === 0 ? 0 : DAMAGED_REPOSITORY;
}
