import { GraphkeepError } from '../../base/errors.ts';
import { printableLine } from '../../base/printable-text.ts';
import { loadFrameCodec } from '../../base/zstd/frame-codec.ts';
import { formatBytes } from '../../config/sizes.ts';
import { StoredObjects } from '../../repository/reading/stored-objects.ts';
import { UnsealPool } from '../../repository/seal/unseal-pool/unseal-pool.ts';
import { EVERY_OBJECT, ObjectShare } from '../../repository/verifying/object-share.ts';
import { type BaseVerdict, verifyDatabase } from '../../repository/verifying/verification.ts';
import { listWantedDatabases, openNamedRepository, readIdentities } from '../commands/repository-request.ts';
import { DAMAGED_REPOSITORY } from '../failure-lines.ts';
import { type OptionValues, parseOption } from '../option-values.ts';
import { FaultList } from './fault-list.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';
import { ResultRecorder } from './result-recorder.ts';

const NOT_READ = 'found in their sizes; --read reads them too';

/** Which objects `--read` reads; undefined without it. */
function parseShare(values: OptionValues): ObjectShare | undefined {
  if (!values.isGiven('read')) return undefined;
  if (values.optional('read') === undefined) return EVERY_OBJECT;
  return new ObjectShare(parseOption(values, 'read', parsePercent), new Date());
}

function parsePercent(text: string): number {
  const percent = Number(/^(\d{1,3})%$/.exec(text)?.[1]);
  if (percent >= 1 && percent <= EVERY_OBJECT.percent) return percent;
  throw new GraphkeepError('usage', 'a share is a whole number from 1 to 100 with %, as in 10%');
}

/** `graphkeep verify`. @returns the exit code */
export async function verifyBody({ values, context }: Invocation, reporter: Reporter): Promise<number> {
  const { signal } = context;
  const repository = await openNamedRepository(values, context);
  const { store, settings } = repository;
  const reads = parseShare(values);
  const isPart = reads !== undefined && reads.percent < EVERY_OBJECT.percent;
  const part = isPart ? { percent: reads.percent } : {};
  const identities = reads !== undefined ? await readIdentities(repository, values, context) : undefined;
  const names = await listWantedDatabases(store, values, context);
  const total = { bases: 0, objects: 0, storedBytes: 0 };
  let bytes = 0;
  const faults = new FaultList();
  const recorder = new ResultRecorder(store, signal, reporter);
  const neededKey = reads !== undefined && settings.encryption.method === 'age';
  const record = async ({ base, history: { marks }, faults: count }: BaseVerdict): Promise<void> => {
    const extent = reads === undefined ? 'names' : isPart ? 'part' : 'read';
    await recorder.record(base, { kind: 'verified', extent, ...part, faults: count, neededKey }, marks);
    // What was read of it was decrypted.
    if (neededKey && count === 0) await recorder.record(base, { kind: 'key' }, marks);
  };
  const pool = reads !== undefined ? new UnsealPool() : undefined;
  try {
    const objects = new StoredObjects(store, { codec: await loadFrameCodec(), identities }, signal, pool);
    for (const database of names) {
      const seen = await verifyDatabase(objects, {
        database,
        reads,
        signal,
        onObject: (size) => {
          bytes += size;
          reporter.progress({ phase: 'checking', bytes });
        },
        onFault: (error) => faults.add(error),
        onVerdict: record,
      });
      total.bases += seen.bases;
      total.objects += seen.objects;
      total.storedBytes += seen.storedBytes;
    }
  } finally {
    await pool?.close();
  }
  const looked = `${total.bases} full backups, ${total.objects} objects, ${formatBytes(total.storedBytes)}`;
  const how = isPart ? `${reads.percent} % of them read` : reads === undefined ? NOT_READ : 'read';
  const verdict = faults.count === 0 ? `complete: ${looked}, ${how}` : `${faults.count} faults in ${looked}`;
  const lines = [printableLine(`Repository ${store.address}: ${verdict}`)];
  reporter.report([...lines, ...faults.lines.map((line) => printableLine(`  ${line}`))].join('\n'), {
    repository: store.address,
    read: reads !== undefined && !isPart,
    ...(isPart ? { readPercent: reads.percent } : {}),
    ...total,
    ...faults.data,
  });
  return faults.count === 0 ? 0 : DAMAGED_REPOSITORY;
}
