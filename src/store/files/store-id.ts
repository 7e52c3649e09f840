import { decodeStoreVersion } from './store-version.ts';

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

/** For people: the name in a store version value, `v0.A.9`; hexadecimal if it holds none, or one that cannot be shown. */
export function formatStoreVersion(storeVersion: bigint): string {
  const name = decodeStoreVersion(storeVersion);
  if (name !== undefined && /^[\x21-\x7e]+$/.test(name)) return name;
  return `0x${BigInt.asUintN(64, storeVersion).toString(16).padStart(16, '0')}`;
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
