import type { StoreId } from '../store-id.ts';
import { decodeStoreVersion } from '../store-version.ts';

/** Which database a file belongs to, and the format of its records. */
export interface ModernStoreIdentity {
  readonly id: StoreId;
  /** `AF4.3.0`, or `record-aligned-1.1`. */
  readonly format: string;
}

const OLD_BYTES = 40;
const KNOWN_VERSION = 1;
const NAMES_AT = 17;

/**
 * The identity in a log header, a check point or `neostore`: 40 bytes before 5.0, else 64, always big-endian (spec modern-logs 3). It stays
 * the same through upgrades, and changes with a migration. Undefined if it is none.
 */
export function decodeStoreIdentity(bytes: Buffer): ModernStoreIdentity | undefined {
  return bytes.length === OLD_BYTES ? decodeOld(bytes) : decodeNew(bytes);
}

function decodeOld(bytes: Buffer): ModernStoreIdentity | undefined {
  const storeVersion = bytes.readBigInt64BE(16);
  const format = decodeStoreVersion(storeVersion);
  if (format === undefined || !/^[\x21-\x7e]+$/.test(format)) return undefined;
  const id = {
    creationTime: Number(bytes.readBigInt64BE(0)),
    randomId: bytes.readBigInt64BE(8),
    storeVersion,
    upgradeTime: Number(bytes.readBigInt64BE(24)),
    upgradeTransactionId: Number(bytes.readBigInt64BE(32)),
  };
  return { id, format };
}

/** `u8 1 | i64 creation time | i64 random | u8 length | engine | u8 length | format | i8 major | i8 minor | zeros` */
function decodeNew(bytes: Buffer): ModernStoreIdentity | undefined {
  if (bytes[0] !== KNOWN_VERSION) return undefined;
  const [engine, afterEngine] = readName(bytes, NAMES_AT);
  const [format, afterFormat] = readName(bytes, afterEngine);
  if (afterFormat + 2 > bytes.length || engine === '' || format === '') return undefined;
  const creationTime = Number(bytes.readBigInt64BE(1));
  if (!Number.isSafeInteger(creationTime)) return undefined;
  const id = {
    creationTime,
    randomId: bytes.readBigInt64BE(9),
    storeVersion: 0n,
    upgradeTime: 0,
    upgradeTransactionId: 0,
  };
  return { id, format: `${engine}-${format}-${bytes.readInt8(afterFormat)}.${bytes.readInt8(afterFormat + 1)}` };
}

/** The name at an offset, and where it ends; empty if it is none. */
function readName(bytes: Buffer, at: number): [string, number] {
  const length = bytes[at] ?? 0;
  const end = at + 1 + length;
  const name = bytes.toString('latin1', at + 1, end);
  return [end <= bytes.length && /^[a-z_]+$/.test(name) ? name : '', end];
}
