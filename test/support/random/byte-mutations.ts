/** mulberry32: the same numbers for the same start. */
export function randomSource(start: number): Random {
  let state = start >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** A number from 0 to below `below`. */
export type Random = (below: number) => number;

/** Numbers that are likely to hurt as lengths. */
const sharp = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x3fffff, 0x400000, 0x400001, 0x7fffffff, 0x80000000, 0xffffffff,
];

const mutations: ((bytes: Buffer, random: Random) => Buffer)[] = [
  function flipBit(bytes, random) {
    const at = random(bytes.length);
    bytes[at] = bytes[at]! ^ (1 << random(8));
    return bytes;
  },
  function setByte(bytes, random) {
    bytes[random(bytes.length)] = random(256);
    return bytes;
  },
  function setLength(bytes, random) {
    const size = [1, 2, 4][random(3)]!;
    if (bytes.length < size) return bytes;
    const value = random(2) === 0 ? sharp[random(sharp.length)]! : random(2 ** 32);
    bytes.writeUIntBE(value % 2 ** (8 * size), random(bytes.length - size + 1), size);
    return bytes;
  },
  function cut(bytes, random) {
    return bytes.subarray(0, random(bytes.length + 1));
  },
  function remove(bytes, random) {
    const at = random(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(40))]);
  },
  function insert(bytes, random) {
    const at = random(bytes.length + 1);
    const inserted = Buffer.from(Array.from({ length: 1 + random(40) }, () => random(256)));
    return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]);
  },
  function repeat(bytes, random) {
    const from = random(bytes.length);
    const at = random(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, from + random(200)), bytes.subarray(at)]);
  },
  function evilName(bytes, random) {
    const names = ['../x', '/etc', 'C:\\', 'a/..', 'a\\..', '..\\', './', '~\0', 'x.id', '.'];
    const name = names[random(names.length)]!;
    const encoded = random(2) === 0 ? Buffer.from(name) : Buffer.from(name, 'utf16le').swap16();
    encoded.copy(bytes, random(bytes.length));
    return bytes;
  },
];

/** A copy with one to four things wrong. */
export function mutateBytes(base: Buffer, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(base);
  for (let left = 1 + random(4); left > 0 && bytes.length > 0; left--) {
    bytes = Buffer.from(mutations[random(mutations.length)]!(bytes, random));
  }
  return bytes;
}
