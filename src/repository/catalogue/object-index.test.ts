import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUNDLE_FILE, formatIndexLine, type IndexLine, MOST_LINE_BYTES, readIndex } from './object-index.ts';
import { formatPartName } from './part-name.ts';

const digest = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 });
const fileName = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 }),
    fc.constant('schema/index/native-btree-1.0/5/index-5'),
  )
  .filter((name) => !/[\p{Cc}\p{Cs}]/u.test(name) && name !== BUNDLE_FILE);

const line: fc.Arbitrary<IndexLine> = fc
  .record({
    sha256: digest,
    name: fileName,
    number: fc.nat(),
    offset: fc.maxSafeNat(),
    bytes: fc.maxSafeNat(),
    storedBytes: fc.maxSafeNat(),
    isBundle: fc.boolean(),
    isEncrypted: fc.boolean(),
  })
  .map(({ sha256, name, number, offset, isBundle, isEncrypted, ...sizes }) => {
    const common = { digest: sha256.slice(0, 16), isEncrypted };
    return isBundle
      ? { ...sizes, sha256, file: BUNDLE_FILE, offset, object: formatPartName({ kind: 'bundle', number, ...common }) }
      : {
          ...sizes,
          sha256,
          file: name,
          offset,
          object: formatPartName({ kind: 'part', file: number, offset, ...common }),
        };
  });

async function* cut(text: string, sizes: number[]): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function read(text: string, sizes = [1000]): Promise<IndexLine[]> {
  const lines: IndexLine[] = [];
  for await (const one of readIndex(cut(text, sizes), 'index')) lines.push(one);
  return lines;
}

describe('the index of a base', () => {
  it('an index reads as what was written, however it is cut', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 8 }), sizes, async (lines, pieces) => {
        expect(await read(lines.map(formatIndexLine).join(''), pieces)).toEqual(lines);
      }),
    );
  });

  const sound: IndexLine = {
    file: 'neostore.nodestore.db',
    offset: 16_777_216,
    bytes: 42,
    object: `data/3/0000000016777216.${'0123456789abcdef'}.zst.age`,
    storedBytes: 250,
    sha256: '0123456789abcdef'.repeat(4),
  };

  it('a line looks as documented', () => {
    expect(formatIndexLine(sound)).toBe(
      `neostore.nodestore.db\t16777216\t42\t${sound.object}\t250\t${'0123456789abcdef'.repeat(4)}\n`,
    );
  });

  const text = formatIndexLine(sound);
  it.each([
    ['a cut line', text.slice(0, -1)],
    ['a field too few', text.replace('\t250', '')],
    ['a field too many', text.replace('\t250', '\t250\t1')],
    ['a size that is no number', text.replace('\t42\t', '\t4x\t')],
    ['a negative size', text.replace('\t42\t', '\t-1\t')],
    ['a size beyond all numbers', text.replace('\t42\t', '\t9999999999999999\t')],
    ['an object of another offset', text.replace('\t16777216\t', '\t16777217\t')],
    ['an object with another hash', text.replace('.0123', '.1123')],
    ['an object outside the base', text.replace('data/3', '../data/3')],
    ['a bundle with the name of a file', text.replace('neostore.nodestore.db', BUNDLE_FILE)],
    ['no name', text.replace('neostore.nodestore.db', '')],
    ['an empty line', `\n${text}`],
    ['a line that is too long', text.replace('neostore', 'n'.repeat(MOST_LINE_BYTES))],
    ['a line that does not end', 'x'.repeat(MOST_LINE_BYTES + 1)],
  ])('an index with a fault is refused: %s', async (_, damaged) => {
    expect(await read(text)).toEqual([sound]);
    await expect(read(damaged)).rejects.toMatchObject({ code: 'repository.object-damaged', place: { file: 'index' } });
  });

  it('bytes that are no text are refused', async () => {
    const bytes = Buffer.from(text);
    bytes[2] = 0xff;
    const reading = async () => {
      for await (const one of readIndex([bytes] as unknown as AsyncIterable<Buffer>, 'index'))
        expect(one).toBeUndefined();
    };
    await expect(reading()).rejects.toMatchObject({ code: 'repository.object-damaged', observed: 'no UTF-8' });
  });

  it('a name that no line can hold is not written', () => {
    expect(() => formatIndexLine({ ...sound, file: 'a\tb' })).toThrow(RangeError);
    expect(() => formatIndexLine({ ...sound, file: 'a'.repeat(MOST_LINE_BYTES) })).toThrow(RangeError);
  });
});
