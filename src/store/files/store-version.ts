import { GraphkeepError } from '../../base/errors.ts';

/**
 * Encodes a store version string as a 64-bit value (spec record-stores 4): `length | c0 << 8 | c1 << 16 | ...`, Latin-1, 1 to 7 characters.
 */
export function encodeStoreVersion(name: string): bigint {
  if (name.length < 1 || name.length > 7) throw notAVersion(name);
  let value = BigInt(name.length);
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code > 0xff) throw notAVersion(name);
    value |= BigInt(code) << BigInt(8 * (i + 1));
  }
  return BigInt.asIntN(64, value);
}

/** The name in a store version value; undefined if it holds none. */
export function decodeStoreVersion(value: bigint): string | undefined {
  const bits = BigInt.asUintN(64, value);
  const length = Number(bits & 0xffn);
  if (length < 1 || length > 7) return undefined;
  let name = '';
  for (let i = 1; i <= length; i++) name += String.fromCharCode(Number((bits >> BigInt(8 * i)) & 0xffn));
  return name;
}

function notAVersion(name: string): GraphkeepError {
  return new GraphkeepError('store.format', 'a store version has 1 to 7 Latin-1 characters', { observed: name });
}
