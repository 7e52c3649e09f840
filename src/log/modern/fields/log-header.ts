import { GraphkeepError } from '../../../base/errors.ts';
import type { LogPosition } from '../../log-position.ts';
import type { LogBytes } from '../../log-source.ts';
import { readLong } from './long-numbers.ts';
import { isZero } from './zeros.ts';

/** Header of a transaction log or check point file of 4.0 or later, always big-endian (spec modern-logs 3). */
export interface ModernLogHeader {
  readonly format: ModernLogFormat;
  /** The number in the file name. */
  readonly version: number;
  /**
   * The last transaction that began in an earlier file, by its id (formats 7, 8) or its append index (9, 10). In format 10 it may end in
   * this file. 1 = there was none.
   */
  readonly last: number;
  /** The identity of the store, 40 bytes (format 7) or 64. */
  readonly storeId: Buffer;
  /** Where the first entry may be. */
  readonly dataStart: number;
  /** Format 10 only. */
  readonly envelopes: EnvelopeHeader | undefined;
}

export interface EnvelopeHeader {
  readonly segmentBytes: number;
  /** Of the last envelope of the previous file. */
  readonly previousChecksum: number;
  readonly kernelVersion: number;
}

export type ModernLogFormat = 7 | 8 | 9 | 10;

interface Layout {
  readonly headerBytes: number;
  readonly storeIdAt: number;
  readonly storeIdBytes: number;
}

const layouts: Readonly<Record<ModernLogFormat, Layout>> = {
  7: { headerBytes: 64, storeIdAt: 16, storeIdBytes: 40 },
  8: { headerBytes: 128, storeIdAt: 16, storeIdBytes: 64 },
  // The last append index stands there twice.
  9: { headerBytes: 128, storeIdAt: 24, storeIdBytes: 64 },
  10: { headerBytes: 128, storeIdAt: 16, storeIdBytes: 64 },
};

/** Fields of format 10 behind the store id. */
const SEGMENT_BYTES_AT = 80;
const PREVIOUS_CHECKSUM_AT = 84;
const KERNEL_VERSION_AT = 96;

/** In a store id of 64 bytes, behind its version, the creation time and the random number. */
const STORE_ID_NAMES_AT = 17;

/** Servers write 128 KiB; anything else that is a power of two in these bounds works too. */
const LEAST_SEGMENT_BYTES = 512;
const MOST_SEGMENT_BYTES = 64 * 1024 * 1024;

const LARGEST_HEADER_BYTES = 128;
const FORMAT_OF_3 = 6;

/** The start of the data in a file. */
export function dataStartOf(header: ModernLogHeader): LogPosition {
  return { version: header.version, offset: header.dataStart };
}

/**
 * The header of a log file. Undefined while it is not there: no such file, too few bytes, zeros in place of the format, or of what comes
 * last in it. A running server was seen in the middle of writing one (spec modern-logs 3).
 * @throws GraphkeepError `store.format` for a format that cannot be read, `log.corrupt`
 */
export function readModernLogHeader(source: LogBytes, version: number): ModernLogHeader | undefined {
  const bytes = Buffer.alloc(LARGEST_HEADER_BYTES);
  const count = source.read(version, bytes, 0, LARGEST_HEADER_BYTES, 0);
  return decodeModernLogHeader(bytes.subarray(0, count), source.nameOf(version), version);
}

/** Decodes the first bytes of `file`, which should be {@link LARGEST_HEADER_BYTES} or the whole file. */
function decodeModernLogHeader(bytes: Buffer, file: string, expectedVersion: number): ModernLogHeader | undefined {
  const format = bytes[0] ?? 0;
  if (format === 0) return undefined;
  if (!isModernFormat(format)) throw unknownFormat(format, file);
  const { headerBytes, storeIdAt, storeIdBytes } = layouts[format];
  if (bytes.length < headerBytes || !isWhole(bytes, format)) return undefined;
  const version = (bytes.readUInt32BE(0) % 0x100_0000) * 0x1_0000_0000 + bytes.readUInt32BE(4);
  if (version !== expectedVersion) {
    throw corruptHeader('the version in the log header is not the one of the file name', file, version);
  }
  const last = readLong(bytes, 8, false);
  if (!Number.isSafeInteger(last) || last < 0) {
    throw corruptHeader('the last transaction in the log header is no possible number', file, last);
  }
  const envelopes = format === 10 ? decodeEnvelopeHeader(bytes, file) : undefined;
  const storeId = Buffer.from(bytes.subarray(storeIdAt, storeIdAt + storeIdBytes));
  return { format, version, last, storeId, dataStart: envelopes?.segmentBytes ?? headerBytes, envelopes };
}

/** True if a file has a header, maybe one that is being written. */
export function hasHeaderBegun(source: LogBytes, version: number): boolean {
  const first = Buffer.alloc(1);
  return source.read(version, first, 0, 1, 0) === 1 && first[0] !== 0;
}

/** The last field of a header is never zero: that of format 10 is the kernel version, others end with the store id. */
function isWhole(bytes: Buffer, format: ModernLogFormat): boolean {
  if (format === 10) return bytes[KERNEL_VERSION_AT] !== 0;
  const { storeIdAt, storeIdBytes } = layouts[format];
  const storeId = bytes.subarray(storeIdAt, storeIdAt + storeIdBytes);
  // The transaction of the last upgrade, at least 1.
  if (format === 7) return !isZero(storeId.subarray(-8));
  // Names of the engine and the format, each with its length, then the version of the format.
  const formatAt = STORE_ID_NAMES_AT + 1 + storeId[STORE_ID_NAMES_AT]!;
  const versionAt = formatAt + 1 + (storeId[formatAt] ?? 0);
  return (storeId[formatAt] ?? 0) !== 0 && !isZero(storeId.subarray(versionAt, versionAt + 2));
}

function decodeEnvelopeHeader(bytes: Buffer, file: string): EnvelopeHeader {
  const segmentBytes = bytes.readInt32BE(SEGMENT_BYTES_AT);
  const isPowerOfTwo = segmentBytes > 0 && (segmentBytes & (segmentBytes - 1)) === 0;
  if (!isPowerOfTwo || segmentBytes < LEAST_SEGMENT_BYTES || segmentBytes > MOST_SEGMENT_BYTES) {
    throw corruptHeader('the log header has no possible size of segments', file, segmentBytes);
  }
  return {
    segmentBytes,
    previousChecksum: bytes.readUInt32BE(PREVIOUS_CHECKSUM_AT),
    kernelVersion: bytes[KERNEL_VERSION_AT]!,
  };
}

function isModernFormat(format: number): format is ModernLogFormat {
  return format in layouts;
}

function unknownFormat(format: number, file: string): GraphkeepError {
  const isNewer = format > 10;
  return new GraphkeepError('store.format', 'the log has a format that cannot be read here', {
    place: { file, offset: 0 },
    observed: format,
    hint: isNewer
      ? 'The server is newer than this version of graphkeep: install a newer one. Otherwise the log is damaged.'
      : format === FORMAT_OF_3
        ? 'This is a log of Neo4j 3.x, beside the store of a later release.'
        : 'The log is damaged, or of a release before 3.0.',
  });
}

function corruptHeader(message: string, file: string, observed: number): GraphkeepError {
  return new GraphkeepError('log.corrupt', message, { place: { file, offset: 0 }, observed });
}
