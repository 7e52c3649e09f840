import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runGraphkeep } from '../../src/cli/graphkeep/front.ts';
import { World } from '../support/commands/world.ts';
import { ForkedRepository } from '../support/repositories/forked-repository.ts';

let world: World;
let repository: ForkedRepository;

beforeAll(async () => {
  world = await World.create();
  repository = await ForkedRepository.make(world.path('repository'), world.path('source'));
});
afterAll(() => world.close());

async function list(...more: string[]): Promise<{ code: number; output: string }> {
  let output = '';
  const take = (text: string) => {
    output += text;
  };
  const { runBackup: _, ...context } = world.context();
  const code = await runGraphkeep(['list', `--repo=${repository.folder}`, ...more], {
    ...context,
    stdout: take,
    stderr: take,
  });
  return { code, output };
}

it('list shows every full backup of every history, and its log', async () => {
  const { timelines } = repository;
  const { code, output } = await list();
  const [head, first, columns, base, log, second, , otherBase, otherLog, ...rest] = output.split('\n');
  expect([code, head, first]).toEqual([0, 'graph.db', `  history ${timelines[0]}`]);
  expect(columns!.trim().split(/ {2,}/)).toEqual([
    'full backup',
    'as of',
    'committed',
    'leads to',
    'files',
    'size',
    'stored',
  ]);
  expect(base).toMatch(/^ {4}\d{8}T\d{6}Z-[0-9a-f]{8} +5 {2}\d{4}-\S+Z +11 +\d+ +[\d.]+ \S+ +[\d.]+ \S+$/);
  expect(log).toMatch(/^ {4}log: 3 objects, .*, transactions 6 to 11$/);
  expect(second).toBe(`  history ${timelines[1]}, after transaction 11 of ${timelines[0]}`);
  expect(otherBase).toMatch(/ 12 .* 14 /);
  expect(otherLog).toMatch(/^ {4}log: 1 objects, .*, transactions 13 to 14$/);
  expect(rest).toEqual(['']);
  expect((await list('--database=other')).output).toBe('other\n');
});

it('list shows gaps, forks, and what was never finished or is damaged', async () => {
  repository.mar();
  const { code, output } = await list();
  expect(code).toBe(14);
  expect(output).toContain('    gap: transactions 8 to 9 are missing\n');
  expect(output).toContain('    fork: two servers have written transaction 7\n');
  expect(output).toContain('    unfinished: 1 pieces of transactions without the others\n');
  expect(output).toMatch(/ {2}unfinished {2}db\/graph\.db\/.*\/base\/20260101T000000Z-00000001: interrupted/);
  expect(output).toMatch(/damaged: this is not a manifest of a base \(file db\/.*manifest\.json/);
  renameSync(join(repository.folder, 'db'), join(repository.folder, 'gone'));
  expect(await list()).toEqual({ code: 0, output: 'No backups yet\n' });
});
