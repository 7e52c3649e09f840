import { crc32c } from '@node-rs/crc32';
import type { LogPosition } from '../../log-position.ts';
import { isLittleEndian } from '../fields/kernel-version.ts';
import { readLong, readUnsigned } from '../fields/long-numbers.ts';

/** What a completed check point says (spec modern-logs 8). */
export interface CheckPointRecord {
  readonly kernelVersion: number;
  /** Every transaction that ends here or before is in the store files. */
  readonly position: LogPosition;
  /** Where recovery begins: before {@link position} if a transaction was still open. The same place before 5.22. */
  readonly oldestOpen: LogPosition;
  readonly time: number;
  /** 40 bytes before 5.0, else 64. */
  readonly storeId: Buffer;
  /** The last transaction that it covers; undefined before 5.0. */
  readonly transaction: CheckPointTransaction | undefined;
  /** Of the log when it was written, which may be more or less than the transaction; undefined before 5.20. */
  readonly lastAppendIndex: number | undefined;
  /** Why it was written, cut off where the record has no room for more. */
  readonly reason: string;
}

export interface CheckPointTransaction {
  readonly id: number;
  readonly checksum: number;
  readonly commitTime: number;
}

/** Offsets of the fields, which differ between kernel versions; the kernel version is at 0, the type at 1. */
interface Layout {
  readonly bytes: number;
  readonly type: number;
  readonly oldestOpenAt: number | undefined;
  readonly timeAt: number;
  readonly storeIdBytes: number;
  readonly transaction: TransactionLayout | undefined;
  /** Of the length of the reason, which follows it. */
  readonly reasonAt: number;
}

interface TransactionLayout {
  readonly idAt: number;
  readonly checksumAt: number;
  readonly timeAt: number;
  readonly lastAppendIndexAt: number | undefined;
}

const POSITION_AT = 2;
const CHECKSUM_BYTES = 4;

const of4: Layout = {
  bytes: 192,
  type: 8,
  oldestOpenAt: undefined,
  timeAt: 18,
  storeIdBytes: 40,
  transaction: undefined,
  reasonAt: 66,
};
const of5: Layout = {
  ...of4,
  bytes: 232,
  type: 9,
  storeIdBytes: 64,
  transaction: { idAt: 90, checksumAt: 98, timeAt: 102, lastAppendIndexAt: undefined },
  reasonAt: 110,
};
/** With a consensus index behind the time of the transaction. */
const of5_7: Layout = { ...of5, reasonAt: 118 };
/** With the append index of the transaction and its kernel version behind its id. */
const of5_20: Layout = {
  ...of5,
  transaction: { idAt: 90, checksumAt: 107, timeAt: 111, lastAppendIndexAt: 127 },
  reasonAt: 135,
};
const of5_22: Layout = {
  ...of5,
  oldestOpenAt: 18,
  timeAt: 34,
  transaction: { idAt: 106, checksumAt: 123, timeAt: 127, lastAppendIndexAt: 143 },
  reasonAt: 151,
};
const of2026_08: Layout = { ...of5_22, bytes: 486 };

function layoutOf(kernelVersion: number): Layout {
  if (kernelVersion <= 4) return of4;
  if (kernelVersion <= 5) return of5;
  if (kernelVersion <= 16) return of5_7;
  if (kernelVersion <= 17) return of5_20;
  return kernelVersion <= 31 ? of5_22 : of2026_08;
}

/** The size of a record of this kernel version outside of an envelope. */
export function checkPointBytes(kernelVersion: number): number {
  return layoutOf(kernelVersion).bytes;
}

/** The record in exactly these bytes; undefined if they are none. The kernel version is known. */
export function decodeCheckPoint(bytes: Buffer): CheckPointRecord | undefined {
  const kernelVersion = bytes[0]!;
  const checksum = readUnsigned(bytes, bytes.length - CHECKSUM_BYTES, isLittleEndian(kernelVersion));
  if (crc32c(bytes.subarray(0, -CHECKSUM_BYTES)) !== checksum) return undefined;
  return decodeCheckPointFields(bytes, bytes.length - CHECKSUM_BYTES);
}

/** The record in an envelope, which has the kernel version and the checksum. */
export function decodeCheckPointPayload(payload: Buffer, kernelVersion: number): CheckPointRecord | undefined {
  return decodeCheckPointFields(Buffer.concat([Buffer.of(kernelVersion), payload]), payload.length + 1);
}

function decodeCheckPointFields(bytes: Buffer, end: number): CheckPointRecord | undefined {
  const kernelVersion = bytes[0]!;
  const layout = layoutOf(kernelVersion);
  const { reasonAt, timeAt, storeIdBytes, oldestOpenAt } = layout;
  if (end <= reasonAt + 2 || bytes[1] !== layout.type) return undefined;
  const little = isLittleEndian(kernelVersion);
  const positionAt = (at: number): LogPosition => ({
    version: readLong(bytes, at, little),
    offset: readLong(bytes, at + 8, little),
  });
  const reasonBytes = little ? bytes.readUInt16LE(reasonAt) : bytes.readUInt16BE(reasonAt);
  const reasonEnd = Math.min(reasonAt + 2 + reasonBytes, end);
  const idAt = timeAt + 8;
  return {
    kernelVersion,
    position: positionAt(POSITION_AT),
    oldestOpen: positionAt(oldestOpenAt ?? POSITION_AT),
    time: readLong(bytes, timeAt, little),
    storeId: Buffer.from(bytes.subarray(idAt, idAt + storeIdBytes)),
    ...decodeTransaction(bytes, layout.transaction, little),
    reason: bytes.toString('utf8', reasonAt + 2, reasonEnd),
  };
}

function decodeTransaction(
  bytes: Buffer,
  layout: TransactionLayout | undefined,
  little: boolean,
): Pick<CheckPointRecord, 'transaction' | 'lastAppendIndex'> {
  if (layout === undefined) return { transaction: undefined, lastAppendIndex: undefined };
  const { idAt, checksumAt, timeAt, lastAppendIndexAt } = layout;
  return {
    transaction: {
      id: readLong(bytes, idAt, little),
      checksum: readUnsigned(bytes, checksumAt, little),
      commitTime: readLong(bytes, timeAt, little),
    },
    lastAppendIndex: lastAppendIndexAt === undefined ? undefined : readLong(bytes, lastAppendIndexAt, little),
  };
}
