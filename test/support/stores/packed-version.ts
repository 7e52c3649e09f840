/** A name of 1 to 7 ASCII characters as `neostore` keeps the version of a store: the inverse of `formatStoreVersion`. */
export function packStoreVersion(name: string): bigint {
  if (name.length < 1 || name.length > 7) throw new RangeError(`a store version has 1 to 7 characters: ${name}`);
  let bits = BigInt(name.length);
  for (let i = 0; i < name.length; i++) bits |= BigInt(name.charCodeAt(i) & 0xff) << BigInt(8 * (i + 1));
  return BigInt.asIntN(64, bits);
}
