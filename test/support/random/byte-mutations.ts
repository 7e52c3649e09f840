import type { Dice } from '../../../src/base/dice.ts';

/** Numbers that are likely to cause trouble as lengths. */
const sharp = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x3fffff, 0x400000, 0x400001, 0x7fffffff, 0x80000000, 0xffffffff,
];

const mutations: ((bytes: Buffer, dice: Dice) => Buffer)[] = [
  function flipBit(bytes, dice) {
    const at = dice.below(bytes.length);
    bytes[at] = bytes[at]! ^ (1 << dice.below(8));
    return bytes;
  },
  function setByte(bytes, dice) {
    bytes[dice.below(bytes.length)] = dice.below(256);
    return bytes;
  },
  function setLength(bytes, dice) {
    const size = [1, 2, 4][dice.below(3)]!;
    if (bytes.length < size) return bytes;
    const value = dice.below(2) === 0 ? sharp[dice.below(sharp.length)]! : dice.below(2 ** 32);
    bytes.writeUIntBE(value % 2 ** (8 * size), dice.below(bytes.length - size + 1), size);
    return bytes;
  },
  function cut(bytes, dice) {
    return bytes.subarray(0, dice.below(bytes.length + 1));
  },
  function remove(bytes, dice) {
    const at = dice.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + dice.below(40))]);
  },
  function insert(bytes, dice) {
    const at = dice.below(bytes.length + 1);
    const inserted = Buffer.from(Array.from({ length: 1 + dice.below(40) }, () => dice.below(256)));
    return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]);
  },
  function repeat(bytes, dice) {
    const from = dice.below(bytes.length);
    const at = dice.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, from + dice.below(200)), bytes.subarray(at)]);
  },
  function evilName(bytes, dice) {
    const names = ['../x', '/etc', 'C:\\', 'a/..', 'a\\..', '..\\', './', '~\0', 'x.id', '.'];
    const name = names[dice.below(names.length)]!;
    const encoded = dice.below(2) === 0 ? Buffer.from(name) : Buffer.from(name, 'utf16le').swap16();
    encoded.copy(bytes, dice.below(bytes.length));
    return bytes;
  },
];

/** A copy with one to four mutations. */
export function mutateBytes(base: Buffer, dice: Dice): Buffer {
  let bytes: Buffer = Buffer.from(base);
  for (let left = 1 + dice.below(4); left > 0 && bytes.length > 0; left--) {
    bytes = Buffer.from(mutations[dice.below(mutations.length)]!(bytes, dice));
  }
  return bytes;
}
