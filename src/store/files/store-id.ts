/**
 * The identity of a store, as servers send it (spec common-protocol 7, spec catchup-protocol 3) and as `neostore` keeps it in its
 * records 0, 1, 4, 8 and 7.
 */
export interface StoreId {
  /** Milliseconds since 1970. */
  creationTime: number;
  /** Any 64 bits, chosen at creation. */
  randomId: bigint;
  /** Name of the store format, packed; see {@link formatStoreVersion}. */
  storeVersion: bigint;
  /** Equal to {@link creationTime} for a store that was never upgraded. */
  upgradeTime: number;
  /** The last transaction before the upgrade; 1 for a store that was never upgraded. */
  upgradeTransactionId: number;
}

/** {@link StoreId.upgradeTransactionId} of a store that was never upgraded. */
const BASE_TRANSACTION = 1;

/** What every protocol knows of a store; the catchup protocol does not tell the version. */
export type StoreIdentity = Omit<StoreId, 'storeVersion'> & Partial<Pick<StoreId, 'storeVersion'>>;

/** Stands for "any value" in the two parts that are chosen at creation (spec common-protocol 7). */
const ANY = -1;

/** `upgraded`: the same database, but an upgrade or a migration to another format lies between the two. */
export type StoreRelation = 'same' | 'upgraded' | 'other';

/**
 * How the stores of two ids are related. Only `same` ones share a history of records: a migration writes all of them anew, with other ids,
 * while the numbers and checksums of transactions go on as if nothing had happened. Each server gives a store a new upgrade time when it
 * upgrades or migrates it; opening it with another release in the same format changes nothing.
 */
export function relateStores(a: StoreIdentity, b: StoreIdentity): StoreRelation {
  const sameTime = a.creationTime === b.creationTime || a.creationTime === ANY || b.creationTime === ANY;
  const anyRandom = BigInt(ANY);
  const sameRandom = a.randomId === b.randomId || a.randomId === anyRandom || b.randomId === anyRandom;
  if (!sameTime || !sameRandom) return 'other';
  const isVersionKnown = a.storeVersion !== undefined && b.storeVersion !== undefined;
  const sameVersion = !isVersionKnown || a.storeVersion === b.storeVersion;
  const sameUpgrade = a.upgradeTime === b.upgradeTime && a.upgradeTransactionId === b.upgradeTransactionId;
  return sameVersion && sameUpgrade ? 'same' : 'upgraded';
}

/** Has the store ever been upgraded or migrated? */
export function wasUpgraded(id: StoreIdentity): boolean {
  return id.upgradeTime !== id.creationTime || id.upgradeTransactionId !== BASE_TRANSACTION;
}

/**
 * The name of a packed store version: lowest byte = length (1..7), then the characters from low to high; `v0.A.9` =
 * `00 39 2E 41 2E 30 76 06`. Hexadecimal if it is not such a name.
 */
export function formatStoreVersion(storeVersion: bigint): string {
  const bits = BigInt.asUintN(64, storeVersion);
  const length = Number(bits & 0xffn);
  const hexadecimal = `0x${bits.toString(16).padStart(16, '0')}`;
  if (length < 1 || length > 7) return hexadecimal;
  let name = '';
  for (let i = 1; i <= length; i++) {
    const code = Number((bits >> BigInt(8 * i)) & 0xffn);
    if (code < 0x21 || code > 0x7e) return hexadecimal;
    name += String.fromCharCode(code);
  }
  return name;
}

/** For people: enough to tell two stores apart, the format if it is known, and the last upgrade if there was one. */
export function formatStoreId(id: StoreIdentity): string {
  const random = BigInt.asUintN(64, id.randomId).toString(16).padStart(16, '0');
  const format = id.storeVersion === undefined ? '' : `, format ${formatStoreVersion(id.storeVersion)}`;
  const upgrade = wasUpgraded(id)
    ? `, upgraded ${formatInstant(id.upgradeTime)} after transaction ${id.upgradeTransactionId}`
    : '';
  return `created ${formatInstant(id.creationTime)}, random ${random}${format}${upgrade}`;
}

function formatInstant(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString();
}
