import type { Measurement } from './backup-clients.ts';
import { median } from './bench-report.ts';
import { type LiveSuiteResult, RATE_LIMIT } from './live-suite.ts';

const AIMS = { cp: 1.2, oneSeconds: 0.25, manySeconds: 3, memoryMegabytes: 200, growth: 1.15, throughput: 0.9 };

/** The figures with our aims. */
export function renderLiveResult(result: LiveSuiteResult): string {
  const { fixture, storeBytes, transactions, full, cp, one, many, smaller, alone, copied, limited } = result;
  const seconds = (samples: readonly Measurement[]) => median(samples.map(({ durationMs }) => durationMs)) / 1000;
  const processor = (samples: readonly Measurement[]) => median(samples.map(({ cpuMs }) => cpuMs)) / 1000;
  const peak = (samples: readonly Measurement[]) => Math.max(...samples.map(({ peakBytes }) => peakBytes)) / 1e6;
  const show = (samples: readonly Measurement[]) =>
    `${seconds(samples).toFixed(2)} s, processor ${processor(samples).toFixed(2)} s`;
  const atMost = (value: number, aim: number) => `(aim <= ${aim}: ${value <= aim ? 'met' : 'MISSED'})`;
  const atLeast = (value: number, aim: number) => `(aim >= ${aim}: ${value >= aim ? 'met' : 'MISSED'})`;
  const ratio = seconds(full) / seconds(cp);
  const processorRatio = processor(full) / processor(cp);
  const memory = Math.max(peak(full), peak(one), peak(many));
  const growth = peak(full) / peak(smaller);
  const against = (samples: readonly number[]) => median(samples.map((perSecond, i) => perSecond / alone[i]!));
  const sorted = [...result.behindMs].sort((a, b) => a - b);
  return [
    `store ${(storeBytes / 1e9).toFixed(2)} GB, ${fixture.nodes} nodes, ${fixture.relationships} relationships, of a running server`,
    `full         ${show(full)}`,
    ...describePhases(full),
    `cp -r, sync  ${show(cp)}`,
    `full / cp    ${ratio.toFixed(2)} ${atMost(ratio, AIMS.cp)}, processor ${processorRatio.toFixed(2)}`,
    `incremental, 1 transaction  ${show(one)} ${atMost(seconds(one), AIMS.oneSeconds)}`,
    `incremental, ${transactions} transactions  ${show(many)} ${atMost(seconds(many), AIMS.manySeconds)}`,
    ...describePhases(many),
    `peak memory  ${Math.round(memory)} MB ${atMost(memory, AIMS.memoryMegabytes)}`,
    `  of a full backup against one of a smaller store  ${growth.toFixed(2)} ${atMost(growth, AIMS.growth)}`,
    `transactions of the server  ${Math.round(median(alone))} per second`,
    `  while it is copied again and again  ${against(copied).toFixed(2)}`,
    `  with --rate-limit=${RATE_LIMIT}  ${against(limited).toFixed(2)} ${atLeast(against(limited), AIMS.throughput)}`,
    `followed, ${Math.round(result.followedPerSecond)} transactions per second: ${sorted.length} steps, behind ${median(sorted)} ms (median), ${sorted.at(-1)} ms (most)`,
  ].join('\n');
}

/** Medians of the phases that count. */
function describePhases(samples: readonly Measurement[]): string[] {
  const phases = Object.keys(samples[0]!.phasesMs).map((phase) => ({
    phase,
    ms: Math.round(median(samples.map(({ phasesMs }) => phasesMs[phase] ?? 0))),
  }));
  return phases.filter(({ ms }) => ms >= 10).map(({ phase, ms }) => `  ${phase} ${ms} ms`);
}
