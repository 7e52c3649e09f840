import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nearestName } from './nearest-name.ts';

const names = ['repositories', 'databases', 'commands', 'keepLast', 'keepWithin', 'url'];

it.each([
  ['repositorys', 'repositories'],
  ['repository', 'repositories'],
  ['database', 'databases'],
  ['keep-last', 'keepLast'],
  ['KEEP_LAST', 'keepLast'],
  ['keepLsat', 'keepLast'],
  ['ulr', 'url'],
  ['repo', 'repositories'],
  ['keepWithinSpan', 'keepWithin'],
  ['kee', undefined],
  ['uri', 'url'],
  ['u', undefined],
  ['', undefined],
  ['retention', undefined],
  ['x'.repeat(100_000), undefined],
])('%s may be meant as %s', (typed, meant) => {
  expect(nearestName(typed, names)).toBe(meant);
});

it('a name is the nearest one to itself, and near to itself with one letter changed', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]{4,20}$/), fc.nat(), fc.stringMatching(/^[a-z]$/), (name, at, letter) => {
      expect(nearestName(name, ['something', name])).toBe(name);
      const place = at % name.length;
      expect(nearestName(name.slice(0, place) + letter + name.slice(place + 1), [name])).toBe(name);
      expect(nearestName(name.slice(0, place) + name.slice(place + 1), [name])).toBe(name);
    }),
  );
});
