import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { checkTrees } from './trees.ts';

const MEGABYTE = 1024 * 1024;
const often = { bytesPerSecond: undefined, checkPointIntervalMs: 2000, interval: 'db.checkpoint.interval.time' };
const trees = (...megabytes: number[]) => megabytes.map((each, i) => ({ name: `t${i}`, bytes: each * MEGABYTE }));

it('a tree that is read within a check point interval is in order', async () => {
  const finding = await checkTrees(trees(1, 50, 3), often);
  expect(finding).toMatchObject({ level: 'ok', numbers: { trees: 3, bytes: 54 * MEGABYTE, copyMs: 500 } });
  expect(finding.observed).toContain('t1, has 50.00 MB');
  expect(await checkTrees([], often)).toMatchObject({ level: 'ok', numbers: { trees: 0 } });
});

it('one that the rate limit makes too slow is copied to a temporary file first, which needs room', async () => {
  const slow = { ...often, bytesPerSecond: MEGABYTE, temporary: tmpdir() };
  expect(await checkTrees(trees(1), slow)).toMatchObject({ level: 'ok', numbers: { copyMs: 1000 } });
  const staged = await checkTrees(trees(20), slow);
  expect(staged.observed).toContain(`copied to ${tmpdir()} first`);
  const huge = { ...slow, checkPointIntervalMs: 2 ** 50 / MEGABYTE, bytesPerSecond: 1 };
  expect(await checkTrees(trees(2 ** 26), huge)).toMatchObject({
    level: 'warn',
    remedy: expect.stringContaining('TMPDIR'),
  });
});

it('one that cannot be read in time at full speed is told to be left out', async () => {
  const finding = await checkTrees(trees(1000), often);
  expect(finding).toMatchObject({ level: 'warn', remedy: expect.stringContaining('left out of the backup') });
  expect(finding.remedy).toContain('db.checkpoint.interval.time');
});
