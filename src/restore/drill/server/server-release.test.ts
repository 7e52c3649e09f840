import { expect, it } from 'vitest';
import { ServerRelease } from './server-release.ts';

const release = (text: string) => new ServerRelease(text);

it.each<[string, number, boolean]>([
  ['4.4.48', 2, true],
  ['4.4.48', 4, true],
  ['4.3.24', 4, false],
  ['4.4.48', 5, false],
  ['5.26.30', 4, false],
  ['5.26.30', 20, true],
  ['5.24.2', 20, false],
  ['5.26.30', 21, false],
  ['2026.08.1', 20, true],
  ['2026.08.1', 32, true],
  ['2026.07', 32, false],
  ['2026.08.1', 99, false],
])('a server of %s and a log of kernel version %i', (text, kernelVersion, opens) => {
  expect(release(text).opens(kernelVersion)).toBe(opens);
});

it('each series has its releases of Java', () => {
  expect(['4.4.48', '5.26.30', '2025.01.0'].map((text) => release(text).java)).toEqual([
    { least: 11, most: 17 },
    { least: 17, most: 21 },
    { least: 21 },
  ]);
});
