import { GraphkeepError } from '../../base/errors.ts';
import { printableLine } from '../../base/printable-text.ts';
import type { ObjectStore } from '../../objects/object-store.ts';
import type { Manifest } from '../../repository/catalogue/manifest.ts';
import { findHolds, type MarkName } from '../../repository/catalogue/mark-name.ts';
import { databaseAddress } from '../../repository/catalogue/object-keys.ts';
import { holdBase } from '../../repository/marks/holding.ts';
import { writeMark } from '../../repository/marks/mark-store.ts';
import { readHistory } from '../../repository/reading/database-history.ts';
import { readDatabaseName } from '../commands/database-name.ts';
import { openNamedRepository } from '../commands/repository-request.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';

/** As long as a text in a mark may be. */
const MOST_REASON = 1000;

/** A full backup, and what is said of those of its timeline. */
interface FoundBase {
  readonly store: ObjectStore;
  readonly base: Manifest;
  readonly marks: readonly MarkName[];
}

/** `graphkeep hold`: keeps a full backup. A second hold changes the reason. */
export async function holdBody(invocation: Invocation, reporter: Reporter): Promise<void> {
  const reason = invocation.values.optional('reason');
  if (reason !== undefined && reason.length > MOST_REASON)
    throw new GraphkeepError('usage', `--reason has more than ${MOST_REASON} characters`);
  const found = await findBase(invocation);
  await holdBase(found.store, found.base, reason, found.marks, invocation.context.signal);
  const why = reason === undefined ? '' : `: ${reason}`;
  tell(found, reporter, `held until it is released${why}`, { held: true, changed: !isHeld(found) });
}

/** `graphkeep release`. */
export async function releaseBody(invocation: Invocation, reporter: Reporter): Promise<void> {
  const found = await findBase(invocation);
  const changed = isHeld(found);
  const { store, base, marks } = found;
  if (changed) await writeMark(store, base, { kind: 'release' }, marks, invocation.context.signal);
  tell(found, reporter, changed ? 'released' : 'it was not held', { held: false, changed });
}

const isHeld = ({ base, marks }: FoundBase): boolean => findHolds(marks).has(base.id);

async function findBase({ values, context }: Invocation): Promise<FoundBase> {
  const database = readDatabaseName(values);
  const wanted = values.mandatory('base');
  const { store } = await openNamedRepository(values, context);
  for (const { bases, marks } of await readHistory(store, database, context.signal)) {
    const base = bases.find(({ id }) => id === wanted);
    if (base !== undefined) return { store, base, marks };
  }
  throw new GraphkeepError('repository.no-backup', 'the repository has no such full backup of this database', {
    place: { object: databaseAddress(store.address, database) },
    observed: wanted,
    hint: 'Give the name of a full backup as graphkeep info shows it.',
  });
}

function tell({ store, base }: FoundBase, reporter: Reporter, state: string, data: object): void {
  const { database, id, consistentAt } = base;
  reporter.report(
    printableLine(`${database}: full backup ${id}, as of transaction ${consistentAt.transaction}: ${state}`),
    { repository: store.address, database, base: id, ...data },
  );
}
