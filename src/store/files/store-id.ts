import { decodeStoreVersion } from './store-version.ts';

/**
 * The identity of a store, as servers send it (spec common-protocol 7, spec catchup-protocol 3) and as `neostore` keeps it in its records
 * 0, 1, 4, 8 and 7.
 */
export interface StoreId {
  /** Milliseconds since 1970. */
  creationTime: number;
  /** 64 random bits, chosen at creation. */
  randomId: bigint;
  /** Name of the store format, packed; see {@link formatStoreVersion}. */
  storeVersion: bigint;
  /** Equal to {@link creationTime} if the store was never upgraded. */
  upgradeTime: number;
  /** The last transaction before the upgrade; 1 if the store was never upgraded. */
  upgradeTransactionId: number;
}

/** {@link StoreId.upgradeTransactionId} of a store that was never upgraded. */
const BASE_TRANSACTION = 1;

/** What every protocol knows of a store; the catchup protocol does not send the version. */
export type StoreIdentity = Omit<StoreId, 'storeVersion'> & Partial<Pick<StoreId, 'storeVersion'>>;

/** "Any value" in the two parts chosen at creation (spec common-protocol 7). */
const ANY = -1;

/** `upgraded`: the same database, before and after an upgrade or a migration to another format. */
export type StoreRelation = 'same' | 'upgraded' | 'other';

/**
 * How the stores of two ids are related. Only `same` stores share a history of records. A migration rewrites all records under other ids,
 * while transaction numbers and checksums continue as if nothing had happened. A server gives a store a new upgrade time when it upgrades
 * or migrates it; opening it with another release in the same format changes nothing.
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

/** True if the store has ever been upgraded or migrated. */
export function wasUpgraded(id: StoreIdentity): boolean {
  return id.upgradeTime !== id.creationTime || id.upgradeTransactionId !== BASE_TRANSACTION;
}

/** For messages: the name in a store version value, `v0.A.9`; hexadecimal if there is no printable name. */
export function formatStoreVersion(storeVersion: bigint): string {
  const name = decodeStoreVersion(storeVersion);
  if (name !== undefined && /^[\x21-\x7e]+$/.test(name)) return name;
  return `0x${BigInt.asUintN(64, storeVersion).toString(16).padStart(16, '0')}`;
}

/** For messages: enough to tell two stores apart, with the format if known and the last upgrade if any. */
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
