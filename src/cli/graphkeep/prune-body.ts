import { GraphkeepError } from '../../base/errors.ts';
import { printableLine } from '../../base/printable-text.ts';
import { formatBytes } from '../../config/sizes.ts';
import type { RetentionPolicy } from '../../repository/catalogue/retention-plan.ts';
import { RunLock } from '../../repository/lease/run-lock.ts';
import { planPrune } from '../../repository/pruning/prune-plan.ts';
import { findAbandoned, type Pruned, prune } from '../../repository/pruning/pruning.ts';
import { readDatabase } from '../../repository/reading/database-history.ts';
import { readDatabaseName } from '../commands/database-name.ts';
import { openNamedRepository } from '../commands/repository-request.ts';
import { type OptionValues, parseOption } from '../option-values.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';

/** Never fewer full backups than this, whatever the rules say. */
const MINIMUM_BASES = 2;

/** `graphkeep prune`: says what it would remove; with `--confirm` it does. */
export async function pruneBody({ values, context }: Invocation, reporter: Reporter): Promise<void> {
  const { signal } = context;
  const policy = readPolicy(values);
  const database = readDatabaseName(values);
  const confirmed = values.flag('confirm');
  const { store } = await openNamedRepository(values, context);
  const lock = confirmed ? await RunLock.take(store, database, signal, 'prune') : undefined;
  try {
    const { histories, unfinished } = await readDatabase(store, database, signal);
    const plan = planPrune(histories, policy);
    const abandoned = await findAbandoned(store, unfinished, signal);
    const pruned: Pruned | undefined = confirmed ? await prune(store, database, plan, abandoned, signal) : undefined;
    const segments = [...plan.segments.values()].reduce((sum, names) => sum + names.length, 0);
    const going = plan.bases.filter(({ reasons }) => reasons.length === 0);
    const freed = going.reduce((sum, { manifest }) => sum + manifest.storedBytes, 0);
    const rows = [
      ...plan.bases.map(({ manifest, reasons }) => [
        reasons.length === 0 ? 'remove' : 'keep',
        `${manifest.id}, as of transaction ${manifest.consistentAt.transaction}, ${formatBytes(manifest.storedBytes)}${reasons.length === 0 ? '' : `: ${reasons.join(', ')}`}`,
      ]),
      ...abandoned.map((folder) => ['remove', `${folder}: never finished`]),
      ...(segments === 0 ? [] : [['remove', `${segments} pieces of log that no moment to keep needs`]]),
    ];
    reporter.report(
      [...rows.map(([row, text]) => printableLine(`  ${row!.padEnd(8)}${text}`)), describeEnd(pruned)].join('\n'),
      {
        repository: store.address,
        database,
        confirmed,
        bases: plan.bases.map(({ manifest, reasons }) => ({
          id: manifest.id,
          transaction: manifest.consistentAt.transaction,
          storedBytes: manifest.storedBytes,
          kept: reasons.length > 0,
          reasons: [...reasons],
        })),
        segments,
        abandoned: [...abandoned],
        freedBytes: freed,
        ...(pruned === undefined
          ? {}
          : { removedObjects: pruned.objects, refusedObjects: pruned.refused, heldMeanwhile: pruned.held }),
      },
    );
  } finally {
    await lock?.release();
  }
}

function describeEnd(pruned: Pruned | undefined): string {
  if (pruned === undefined) return 'Nothing was removed; --confirm does it.';
  const { objects, refused, held } = pruned;
  const refusal = refused === 0 ? '' : `, ${refused} refused by the store`;
  const spared = held.length === 0 ? '' : ` Held meanwhile, so it stays: ${held.join(', ')}.`;
  return printableLine(`${objects} objects removed${refusal}.${spared}`);
}

const COUNTS = {
  'keep-last': 'keepLast',
  'keep-daily': 'keepDaily',
  'keep-weekly': 'keepWeekly',
  'keep-monthly': 'keepMonthly',
  'keep-yearly': 'keepYearly',
} as const;
const SPANS = { 'keep-within': 'keepWithinMs', 'point-in-time': 'pointInTimeMs' } as const;

/** @throws GraphkeepError `usage` without any rule: that would keep next to nothing */
function readPolicy(values: OptionValues): RetentionPolicy {
  const rules: Record<string, number> = {};
  for (const [option, rule] of Object.entries(COUNTS))
    if (values.isGiven(option)) rules[rule] = parseOption(values, option, readCount);
  for (const [option, rule] of Object.entries(SPANS))
    if (values.isGiven(option)) rules[rule] = parseOption(values, option, readSpan);
  if (Object.keys(rules).length === 0)
    throw new GraphkeepError('usage', 'what is to be kept? Give at least one rule, such as --keep-last=5');
  return { ...rules, minimumBases: MINIMUM_BASES };
}

function readCount(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new GraphkeepError('usage', `'${text}' is no number from 1 to 9999`);
}

const HOUR_MS = 3_600_000;
const UNITS: Record<string, number> = { h: HOUR_MS, d: 24 * HOUR_MS, w: 7 * 24 * HOUR_MS };

function readSpan(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,4})([hdw])$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * UNITS[unit!]!;
  throw new GraphkeepError('usage', `'${text}' is no time span, as in 36h, 14d or 8w`);
}
