import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compareReleases, modernPagePath, readReleaseResults, releaseSteps } from './release-results.ts';
import { renderReleaseTable, withReleaseTable } from './release-table.ts';

test('the page has the results of the campaign of releases', () => {
  const page = readFileSync(modernPagePath, 'utf8');
  expect(page).toContain('<!-- releases -->');
  expect(page).toBe(withReleaseTable(page, readReleaseResults()));
});

test('each release has one result, in their order, and steps only up to the one that failed', () => {
  const results = readReleaseResults();
  const releases = results.map(({ release }) => release);
  expect(releases).toEqual([...new Set(releases)].sort(compareReleases));
  for (const { release, right, failed } of results) {
    const end = failed === undefined ? releaseSteps.length : releaseSteps.indexOf(failed.step);
    expect(right, release).toEqual(releaseSteps.slice(0, end));
  }
});

test('a release that was not all right is counted, and named with the reason', () => {
  const right = { release: '5.20.0', log: 9, right: [...releaseSteps], serverDiffers: 2 };
  const wrong = { release: '5.21.2', log: 9, right: ['start', 'full'] as const };
  const failed = { step: 'increments', reason: 'the log has a hole' } as const;
  const dead = { release: '5.27.0', log: null, right: [], failed: { step: 'start', reason: 'no Java' } as const };
  expect(renderReleaseTable([right, { ...wrong, failed }, dead])).toBe(
    [
      '| releases | log | full | 3 increments | 3 moments | official checker | export and load |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      '| 5.20.0, 5.21.2 | 9 | 2 of 2 | 1 of 2 | 1 of 2 | 1 of 2 | 1 of 2 |',
      '',
      '- 5.20.0: the server itself kept other values than were sent to it in some nodes; its backups say what it says',
      '- 5.21.2, increments: the log has a hole',
      '- 5.27.0, start: no Java',
      '',
    ].join('\n'),
  );
});
