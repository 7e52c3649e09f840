import type { Measurement } from './backup-clients.ts';
import type { JobName, Samples, SuiteResult } from './backup-suite.ts';

/** One line of the table: our figure, what it is compared with, and our aim. */
export interface Row {
  readonly name: string;
  readonly unit: 'ms' | 'MB';
  readonly ours: number;
  readonly other?: { readonly name: string; readonly value: number };
  /** Ours divided by the other. */
  readonly ratio?: number;
  /** Largest ratio, or largest value of ours if {@link ratio} has no aim. */
  readonly aim?: { readonly of: 'ratio' | 'ours'; readonly atMost: number };
}

const MAX_MEMORY_MB = 300;
/** Memory that does not grow with the store still varies from run to run. */
const MAX_GROWTH = 1.15;

const jobTitles: Readonly<Record<JobName, string>> = {
  full: 'full',
  oneTransaction: 'incremental, 1 transaction',
  manyTransactions: 'incremental, many transactions',
};
const timeAims: Readonly<Record<JobName, number>> = { full: 0.7, oneTransaction: 0.15, manyTransactions: 0.4 };
const jobNames = Object.keys(jobTitles) as JobName[];

/** The median; for an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.floor(sorted.length / 2)]!) / 2;
}

function medianMs(samples: readonly Measurement[]): number {
  return median(samples.map(({ durationMs }) => durationMs));
}

function medianCpuMs(samples: readonly Measurement[]): number {
  return median(samples.map(({ cpuMs }) => cpuMs));
}

/** The largest peak of all rounds, not the median: a memory limit must hold every time. */
function peakMegabytes(samples: readonly Measurement[]): number {
  return Math.max(...samples.map(({ peakBytes }) => peakBytes)) / 1e6;
}

/** Every comparison of a run. `doubled` is the same suite on a store of twice the size, ours only. */
export function makeRows(single: SuiteResult, doubled: SuiteResult | undefined): Row[] {
  const rows: Row[] = [];
  for (const job of jobNames) {
    const samples = single.jobs[job];
    rows.push(
      compare(`time, ${jobTitles[job]}`, 'ms', samples, 'java', medianMs, { of: 'ratio', atMost: timeAims[job] }),
    );
  }
  rows.push(
    compare('time, full against a copy', 'ms', single.jobs.full, 'cp -r', medianMs, { of: 'ratio', atMost: 1.4 }),
  );
  rows.push(compare('time, full against a flushed copy', 'ms', single.jobs.full, 'cp -r, sync', medianMs));
  rows.push(compare('time, full against the server alone', 'ms', single.jobs.full, 'dropped', medianMs));
  for (const job of jobNames) {
    rows.push(compare(`processor time, ${jobTitles[job]}`, 'ms', single.jobs[job], 'java', medianCpuMs));
  }
  for (const job of jobNames) {
    const aim = { of: 'ours', atMost: MAX_MEMORY_MB } as const;
    rows.push(compare(`peak memory, ${jobTitles[job]}`, 'MB', single.jobs[job], 'java', peakMegabytes, aim));
  }
  for (const job of doubled === undefined ? [] : jobNames) {
    const ours = peakMegabytes(doubled!.jobs[job].ours!);
    const before = peakMegabytes(single.jobs[job].ours!);
    rows.push({
      name: `peak memory, ${jobTitles[job]}, store doubled`,
      unit: 'MB',
      ours,
      other: { name: 'ours before', value: before },
      ratio: ours / before,
      aim: { of: 'ratio', atMost: MAX_GROWTH },
    });
  }
  return rows;
}

function compare(
  name: string,
  unit: Row['unit'],
  samples: Samples,
  otherName: string,
  reduce: (samples: readonly Measurement[]) => number,
  aim?: NonNullable<Row['aim']>,
): Row {
  const ours = reduce(samples.ours!);
  const value = reduce(samples[otherName]!);
  return {
    name,
    unit,
    ours,
    other: { name: otherName, value },
    ratio: ours / value,
    ...(aim === undefined ? {} : { aim }),
  };
}

/** Undefined without an aim. */
export function isMet({ aim, ratio, ours }: Row): boolean | undefined {
  if (aim === undefined) return undefined;
  return (aim.of === 'ratio' ? ratio! : ours) <= aim.atMost;
}

export function renderTable(rows: readonly Row[]): string {
  const cells = rows.map((row) => {
    const { name, unit, ours, other, ratio, aim } = row;
    const met = isMet(row);
    return [
      name,
      `${format(ours)} ${unit}`,
      other === undefined ? '' : `${other.name} ${format(other.value)} ${unit}`,
      ratio === undefined ? '' : ratio.toFixed(2),
      aim === undefined
        ? ''
        : `${aim.of === 'ratio' ? '' : 'ours '}<= ${aim.atMost}${aim.of === 'ours' ? ` ${unit}` : ''}`,
      met === undefined ? '' : met ? 'met' : 'MISSED',
    ];
  });
  return align([['', 'ours', 'other', 'ratio', 'aim', ''], ...cells]);
}

function format(value: number): string {
  return Math.round(value).toLocaleString('en').replaceAll(',', ' ');
}

/** Medians of our phases, and the spread of every sample. */
export function renderDetails(result: SuiteResult): string {
  const cells = jobNames.flatMap((job) =>
    Object.entries(result.jobs[job]).map(([client, samples]) => {
      const times = samples.map(({ durationMs }) => durationMs);
      return [
        `${jobTitles[job]}, ${client}`,
        `${format(Math.min(...times))} .. ${format(Math.max(...times))} ms`,
        Object.keys(samples[0]!.phasesMs)
          .map((phase) => `${phase} ${format(median(samples.map(({ phasesMs }) => phasesMs[phase] ?? 0)))}`)
          .join(', '),
      ];
    }),
  );
  return align([['', 'least .. most', 'phases (median ms)'], ...cells]);
}

function align(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
