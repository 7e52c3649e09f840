import { GraphkeepError } from '../../base/errors.ts';
import type { ObjectStore } from '../../objects/object-store.ts';
import type { MarkName } from '../catalogue/mark-name.ts';
import { manifestKey } from '../catalogue/object-keys.ts';
import { type MarkedBase, writeMark } from './mark-store.ts';

/**
 * Keeps a base from being removed. Whoever prunes looks for holds right before the manifest goes, and this looks for the manifest right
 * after it has written the hold: so nobody takes a base for held that was removed meanwhile.
 * @throws GraphkeepError `repository.no-backup` if it was
 */
export async function holdBase(
  store: ObjectStore,
  base: MarkedBase,
  reason: string | undefined,
  known: readonly MarkName[],
  signal: AbortSignal,
): Promise<void> {
  await writeMark(store, base, { kind: 'hold', ...(reason === undefined ? {} : { reason }) }, known, signal);
  const key = manifestKey(base.database, base.timeline, base.id);
  if ((await store.stat(key, signal)) !== undefined) return;
  throw new GraphkeepError('repository.no-backup', 'the full backup was removed before it could be held', {
    place: { object: `${store.address}/${key}` },
    hint: 'Hold another one; graphkeep info shows what there is.',
  });
}
