import { execFileSync } from 'node:child_process';
import { getPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { LOW_PRIORITY } from './low-priority.ts';

const module = fileURLToPath(new URL('low-priority.ts', import.meta.url));

/** Prints the nice value of each thread of a process that has lowered its own: field 19 of `stat` (proc(5)). One thread starts later. */
const script = `
  import { readdirSync, readFileSync } from 'node:fs';
  import { Worker } from 'node:worker_threads';
  import { lowerPriority } from ${JSON.stringify(module)};
  const early = new Worker('setTimeout(() => {}, 60000)', { eval: true });
  await new Promise((done) => early.once('online', done));
  lowerPriority();
  const late = new Worker('setTimeout(() => {}, 60000)', { eval: true });
  await new Promise((done) => late.once('online', done));
  const nice = (task) => Number(readFileSync('/proc/self/task/' + task + '/stat', 'utf8').replace(/^.*\\) /, '').split(' ')[16]);
  console.log(JSON.stringify(readdirSync('/proc/self/task').map(nice)));
  process.exit();
`;

function niceValues(by: number): number[] {
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '--eval', script];
  return JSON.parse(execFileSync('nice', ['-n', String(by), ...node], { encoding: 'utf8' }));
}

it.runIf(process.platform === 'linux')('all threads of a process yield to others, those that start later too', () => {
  const values = niceValues(0);
  expect(values.length).toBeGreaterThan(5);
  expect(new Set(values)).toEqual(new Set([Math.max(LOW_PRIORITY, getPriority())]));
});

it.runIf(process.platform === 'linux')('a process that has a lower priority already keeps it', () => {
  expect(new Set(niceValues(15))).toEqual(new Set([Math.min(19, getPriority() + 15)]));
});
