import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CampaignSize } from './campaign-size.ts';
import { COSTLY_FILES, drawnFiles } from './drawn-files.ts';

const files = Array.from({ length: 10 }, (_, i) => `test/guarantees/promise-${i}.test.ts`);
const short = new CampaignSize('short');
const draw = (seed: number, ...args: string[]) => drawnFiles(files, ['run', '--project', 'unit', ...args], short, seed);

describe('costly files of tests', () => {
  it('are there, if they are listed', () => {
    expect(COSTLY_FILES.filter((file) => !existsSync(file))).toEqual([]);
  });

  it.each(['long', '0.2'])('run all in the form %s', (form) => {
    expect(drawnFiles(files, ['run'], new CampaignSize(form), 1)).toEqual(files);
  });

  it('run one in six in the short form, as the seed draws, and all with some seed', () => {
    const seeds = Array.from({ length: 50 }, (_, seed) => seed);
    for (const seed of seeds) expect(new Set(draw(seed)).size).toBe(2);
    expect(draw(7)).toEqual(draw(7));
    expect(new Set(seeds.flatMap((seed) => draw(seed)))).toEqual(new Set(files));
  });

  it.each(['test/guarantees/promise-3.test.ts', 'promise-3', 'guarantees', `${process.cwd()}/test/guarantees`])(
    'run all, for vitest to choose from, if %s is asked for',
    (name) => {
      expect(draw(1, name)).toEqual(files);
    },
  );

  it('do not change for other names', () => {
    expect(draw(1, 'src/', 'test/cli/', 'promise')).toEqual(draw(1));
  });
});
