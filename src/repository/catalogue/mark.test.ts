import { describe, expect, it } from 'vitest';
import { formatMark, type Mark, parseMark } from './mark.ts';

const common = {
  format: 'graphkeep-mark',
  version: 1,
  base: '20261129T020304Z-5f3a9c1e',
  made: new Date('2026-12-01T04:00:00.000Z'),
  tool: '0.1.0',
} as const;

const proof: Mark = {
  ...common,
  kind: 'proof',
  moment: 'latest',
  result: 'sound',
  transaction: 456,
  commitTime: new Date('2026-11-29T02:04:00.001Z'),
  errors: 0,
  warnings: 2,
  nodes: Number.MAX_SAFE_INTEGER,
  relationships: 0,
  files: 42,
  bytes: 5_000_000_000,
  restoreMs: 1000,
  checkMs: 500,
  neededKey: true,
};
const marks: [string, Mark][] = [
  ['hold', { ...common, kind: 'hold', reason: 'before the migration' }],
  ['hold', { ...common, kind: 'hold' }],
  ['release', { ...common, kind: 'release' }],
  ['proof', proof],
  [
    'proof that failed',
    {
      ...common,
      kind: 'proof',
      moment: '7',
      result: 'failed',
      failure: 'object.missing',
      neededKey: false,
    },
  ],
  ['verified', { ...common, kind: 'verified', extent: 'read', faults: 3, neededKey: true }],
  ['verified', { ...common, kind: 'verified', extent: 'part', percent: 10, faults: 0, neededKey: true }],
  ['key', { ...common, kind: 'key' }],
];

const read = (content: unknown) => parseMark(Buffer.from(JSON.stringify(content)), 'x.json');
const asJson = (mark: Mark) => JSON.parse(String(formatMark(mark))) as Record<string, unknown>;

describe('marks of bases', () => {
  it.each(marks)('a mark reads as what was written: %s', (_, mark) => {
    expect(parseMark(formatMark(mark), 'x.json')).toEqual(mark);
  });

  it('fields of later releases are passed over', () => {
    expect(read({ ...asJson(proof), later: 1 })).toEqual(proof);
  });

  it('a later version is refused by name', () => {
    expect(() => read({ ...asJson(proof), version: 2 })).toThrow(
      expect.objectContaining({ code: 'repository.newer-version' }),
    );
  });

  it.each([
    ['another kind', { kind: 'other' }],
    ['another result', { result: 'fine' }],
    ['a negative count', { errors: -1 }],
    ['a size that is no string', { bytes: 5 }],
    ['a reason without an end', { kind: 'hold', reason: 'x'.repeat(1001) }],
    ['no time', { made: undefined }],
  ])('a mark with a fault is refused: %s', (_, change) => {
    expect(() => read({ ...asJson(proof), ...change })).toThrow(
      expect.objectContaining({ code: 'repository.object-damaged' }),
    );
  });
});
