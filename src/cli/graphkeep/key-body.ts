import { GraphkeepError, hasCode } from '../../base/errors.ts';
import { printableLine } from '../../base/printable-text.ts';
import { loadFrameCodec } from '../../base/zstd/frame-codec.ts';
import { readHistory } from '../../repository/reading/database-history.ts';
import { StoredObjects } from '../../repository/reading/stored-objects.ts';
import { openOneObject } from '../../repository/verifying/key-proof.ts';
import { listWantedDatabases, openNamedRepository, requireIdentities } from '../commands/repository-request.ts';
import { WRONG_KEY } from '../failure-lines.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';
import { ResultRecorder } from './result-recorder.ts';

/** `graphkeep key check`: says whether an identity opens the newest full backup of each database. @returns the exit code */
export async function keyBody({ values, positionals, context }: Invocation, reporter: Reporter): Promise<number> {
  const [action] = positionals;
  if (action !== 'check') throw new GraphkeepError('usage', `there is no action '${action}' of key; there is: check`);
  const { signal } = context;
  const repository = await openNamedRepository(values, context);
  const { store, settings } = repository;
  const encrypted = settings.encryption.method === 'age';
  const identities = await requireIdentities(repository, values, context);
  const objects = new StoredObjects(store, { codec: await loadFrameCodec(), identities }, signal);
  const names = await listWantedDatabases(store, values, context);
  const recorder = new ResultRecorder(store, signal, reporter);
  const checked: { database: string; base: string; opens: boolean }[] = [];
  for (const database of encrypted ? names : []) {
    const newest = (await readHistory(store, database, signal)).findLast(({ bases }) => bases.length > 0);
    const base = newest?.bases.at(-1);
    if (base === undefined) continue;
    const opens = await openOneObject(objects, base, signal).then(
      () => true,
      (error: unknown) => {
        if (hasCode(error, 'repository.key-wrong')) return false;
        throw error;
      },
    );
    checked.push({ database, base: base.id, opens });
    if (opens) await recorder.record(base, { kind: 'key' }, newest!.marks);
  }
  const lines = checked.map(({ database, base, opens }) => {
    return `  ${database}: the identity ${opens ? 'opens' : 'does not open'} the full backup ${base}`;
  });
  const isRight = checked.every(({ opens }) => opens);
  const nothing = encrypted ? 'there is no full backup yet' : 'not encrypted, so no key is needed';
  const verdict = checked.length === 0 ? nothing : isRight ? 'the key is right' : 'the key is wrong';
  reporter.report([`Repository ${store.address}: ${verdict}`, ...lines].map(printableLine).join('\n'), {
    repository: store.address,
    encrypted,
    opens: isRight,
    databases: checked,
  });
  return isRight ? 0 : WRONG_KEY;
}
