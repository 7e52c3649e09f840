import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProcess } from '../test/interop/harness/child-process.ts';
import { projectRoot } from './bench-options.ts';

/** Follows the files of a server for a while, into an existing backup. Returns how many milliseconds each step was behind. */
export async function followFiles(from: string, to: string, durationMs: number): Promise<number[]> {
  const args = ['backup', `--from=file:${from}`, `--to=${to}`, '--check-consistency=false', '--follow', '--json'];
  const child = startProcess(path.join(projectRoot, 'bin/graphkeep'), args);
  const behindMs: number[] = [];
  let failure = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line) as { event: string; behindMs?: number };
    if (event.event === 'followed') behindMs.push(event.behindMs!);
    if (event.event === 'error') failure = line;
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  await Promise.race([sleep(durationMs), ended]);
  child.kill('SIGTERM');
  const [code] = await ended;
  if (code !== 0) throw new Error(`following ended with exit ${code}: ${failure}`);
  return behindMs;
}
