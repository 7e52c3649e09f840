import type { LogPosition } from '../../log/log-position.ts';
import { formatMilliseconds, parseMilliseconds } from './times.ts';

/**
 * What the name of a log object says: which transactions it holds, and until when, so that no object needs to be opened to find out what
 * can be restored (spec repository-layout 3).
 *
 *     <first>-<last>.<piece><c|e>.<newest commit time>.<checksum of last>[.<version>-<offset>].<32 hex>.tar.zst[.age]
 *
 * `first` and `last` have 19 digits. A transaction larger than an object comes in several pieces, `00000c`, `00001c`, ... `00004e`, each
 * with the same two ids; it exists only with its last piece, the one with `e`. All others are `00000e`. So names sort in the order of the
 * log. A log that is kept byte for byte has the position of its last transaction too: the number of the log file, and the offset in it.
 */
export interface SegmentName {
  readonly first: number;
  readonly last: number;
  /** Counted from 0. */
  readonly piece: number;
  readonly isLastPiece: boolean;
  /** The newest commit time in it: the times of transactions are not in their order. */
  readonly newestCommit: Date;
  /** Of the last transaction, as the log holds it. */
  readonly checksum: bigint;
  /** Where the last transaction begins in its log file, if the files are kept as they are. */
  readonly position?: LogPosition | undefined;
  /** The beginning of the SHA-256 of the object as stored: 32 lower-case hexadecimal digits. */
  readonly digest: string;
  readonly isEncrypted: boolean;
}

const ID_DIGITS = 19;
const PIECE_DIGITS = 5;
const MOST_PIECES = 99_999;
const NAME =
  /^(\d{19})-(\d{19})\.(\d{5})([ce])\.(\d{8}T\d{6}\.\d{3}Z)\.([0-9a-f]{16})(?:\.(\d{1,15})-(\d{1,15}))?\.([0-9a-f]{32})\.tar\.zst(\.age)?$/;

/** @throws RangeError if the ids or the piece are impossible */
export function formatSegmentName(segment: SegmentName): string {
  const { first, last, piece, isLastPiece, newestCommit, checksum, position, digest, isEncrypted } = segment;
  if (!isPossible(segment)) throw new RangeError(`no segment: transactions ${first} to ${last}, piece ${piece}`);
  return [
    `${digits(first)}-${digits(last)}`,
    `${String(piece).padStart(PIECE_DIGITS, '0')}${isLastPiece ? 'e' : 'c'}`,
    formatMilliseconds(newestCommit),
    BigInt.asUintN(64, checksum).toString(16).padStart(16, '0'),
    ...(position === undefined ? [] : [`${position.version}-${position.offset}`]),
    digest,
    `tar.zst${isEncrypted ? '.age' : ''}`,
  ].join('.');
}

/** Undefined for any other name: unknown objects are ignored (spec repository-layout 1). */
export function parseSegmentName(name: string): SegmentName | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  const [, first, last, piece, end, time, checksum, version, offset, digest, age] = match;
  const newestCommit = parseMilliseconds(time!);
  if (newestCommit === undefined) return undefined;
  const segment: SegmentName = {
    first: Number(first),
    last: Number(last),
    piece: Number(piece),
    isLastPiece: end === 'e',
    newestCommit,
    checksum: BigInt.asIntN(64, BigInt(`0x${checksum}`)),
    ...(version === undefined ? {} : { position: { version: Number(version), offset: Number(offset) } }),
    digest: digest!,
    isEncrypted: age !== undefined,
  };
  return isPossible(segment) ? segment : undefined;
}

/** Several pieces make up one transaction. */
function isPossible({ first, last, piece, isLastPiece }: SegmentName): boolean {
  const ids = Number.isSafeInteger(first) && Number.isSafeInteger(last) && first > 0 && first <= last;
  const isOnly = piece === 0 && isLastPiece;
  return ids && Number.isInteger(piece) && piece >= 0 && piece <= MOST_PIECES && (isOnly || first === last);
}

function digits(id: number): string {
  return String(id).padStart(ID_DIGITS, '0');
}
