import { printableText } from '../../base/printable-text.ts';
import { formatBytes } from '../../config/sizes.ts';
import { axisOf, type MeasuredProgress, type Progress, totalBytesOf } from './progress.ts';

/** A speed over a shorter time is meaningless. */
const LEAST_MS = 100;

/** Width of the box in columns, and how much of a line is left for the rest. */
const BOX_COLUMNS = { most: 30, least: 10, beside: 88 };

/**
 * One line for a terminal, at most `columns` long: `checking [####----]  60 %, 614.40 MB of 1.00 GB, 48.20 MB/s, 9 s left (indexes)`. The
 * box has the same width for all phases, and what changes most comes last, so nothing jumps. On a narrow terminal counts are left out, then
 * the part, then the box.
 */
export function drawProgress(progress: MeasuredProgress, columns: number): string {
  const { phase, part, percent } = progress;
  const { most, least, beside } = BOX_COLUMNS;
  const box = drawBox(axisOf(progress), Math.max(least, Math.min(most, columns - beside)));
  const rate = describeRate(progress);
  const { files: _, totalFiles: __, ...fileless } = progress;
  const named = part === undefined ? '' : ` (${part})`;
  const join = (counts: string[], name: string) => {
    const known = percent === undefined ? [] : [`${String(percent).padStart(3)} %`];
    return joinAfter(`${phase}${box ?? ''}`, box === undefined ? ':' : '', [...known, ...counts, ...rate]) + name;
  };
  const inWords = percent === undefined ? [] : [`${percent} %`];
  const candidates = [
    join(describeCounts(progress), named),
    join(describeCounts(fileless), named),
    join([], named),
    join([], ''),
    joinAfter(phase, ':', [...inWords, ...rate]),
    joinAfter(phase, ':', inWords),
  ].map((text) => printableText(text));
  return candidates.find((text) => text.length <= columns) ?? candidates.at(-1)!.slice(0, columns);
}

function joinAfter(text: string, colon: string, parts: readonly string[]): string {
  return parts.length === 0 ? text : `${text}${colon} ${parts.join(', ')}`;
}

function drawBox(axis: ReturnType<typeof axisOf>, width: number): string | undefined {
  if (axis === undefined) return undefined;
  const { done, total } = axis;
  const filled = total === 0 ? width : Math.min(width, Math.floor((width * done) / total));
  return ` [${'#'.repeat(filled)}${'-'.repeat(width - filled)}]`;
}

/** The same as a sentence, for logs: `copying files: 60 %, 614.40 MB of 1.00 GB, 48.20 MB/s, 9 s left`. */
export function describeProgress(progress: MeasuredProgress): string {
  const { phase, part, percent } = progress;
  const done = percent === undefined ? [] : [`${percent} %`];
  const parts = [...done, ...describeCounts(progress), ...describeRate(progress)];
  const named = part === undefined ? phase : `${phase} ${part}`;
  return parts.length === 0 ? named : `${named}: ${parts.join(', ')}`;
}

/** What a finished phase did: `copying files: 24 files, 1.00 GB in 21.2 s (48.30 MB/s)`. */
export function describePhase(progress: Progress, durationMs: number): string {
  const { phase, files, bytes, transactions, indexes } = progress;
  const counts = describeCounts({ phase, files, bytes, transactions, indexes } as Progress);
  const speed = bytes === undefined ? '' : describeSpeed(bytes, durationMs);
  return `${phase}: ${counts.length === 0 ? 'done' : counts.join(', ')} in ${describeSeconds(durationMs)}${speed}`;
}

/** ` (48.30 MB/s)`; empty if the time is too short. */
export function describeSpeed(bytes: number, durationMs: number): string {
  return durationMs < LEAST_MS || bytes === 0 ? '' : ` (${formatBytes(Math.round((1000 * bytes) / durationMs))}/s)`;
}

/** `9.3 s`, `12 min 4 s`, `2 h 5 min`. */
export function describeSeconds(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

const DAY_MS = 86_400_000;

/** As {@link describeSeconds}, and `45 days` from two days on. */
export function describeAge(ms: number): string {
  return ms < 2 * DAY_MS ? describeSeconds(ms) : `${Math.floor(ms / DAY_MS)} days`;
}

function describeCounts(progress: Progress): string[] {
  const { files, totalFiles, bytes, isEstimate, transactions, totalTransactions } = progress;
  const { indexes, totalIndexes } = progress;
  const about = isEstimate === true ? 'about ' : '';
  const totalBytes = totalBytesOf(progress);
  const ofBytes = totalBytes === undefined ? '' : ` of ${about}${formatBytes(totalBytes)}`;
  return [
    ...(transactions === undefined ? [] : [ofTotal(transactions, totalTransactions, 'transaction')]),
    ...(files === undefined ? [] : [ofTotal(files, totalFiles, 'file')]),
    ...(bytes === undefined ? [] : [`${formatBytes(bytes)}${ofBytes}`]),
    ...(indexes === undefined ? [] : [ofTotal(indexes, totalIndexes, 'index', 'indexes')]),
  ];
}

function ofTotal(count: number, total: number | undefined, one: string, many = `${one}s`): string {
  const name = (total ?? count) === 1 ? one : many;
  return total === undefined ? `${count} ${name}` : `${count} of ${total} ${name}`;
}

function describeRate({ bytesPerSecond, leftMs }: MeasuredProgress): string[] {
  return [
    ...(bytesPerSecond === undefined ? [] : [`${formatBytes(bytesPerSecond)}/s`]),
    ...(leftMs === undefined ? [] : [`${describeLeft(leftMs)} left`]),
  ];
}

/** Coarse and rounded up, since it is a guess. */
function describeLeft(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
