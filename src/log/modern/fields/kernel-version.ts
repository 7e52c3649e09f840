import { GraphkeepError } from '../../../base/errors.ts';

/**
 * The version of everything a server writes into its logs, as one byte (spec modern-logs 2). It decides on the layout of entries and check
 * point records; the format of the file decides on how entries are stored.
 */
interface KernelVersion {
  readonly byte: number;
  /** The first release that writes it: `5.20`. Later ones write it too, up to the release of the next row. */
  readonly since: string;
}

/** In order. The release is the first one with the version; 4.2 is the first one that keeps its check points outside of the log. */
const KERNEL_VERSIONS: readonly KernelVersion[] = [
  '4.2',
  '4.3',
  '4.4',
  '5.0',
  '5.7',
  '5.8',
  '5.9',
  '5.10',
  '5.11',
  '5.12',
  '5.13',
  '5.14',
  '5.15',
  '5.18',
  '5.19',
  '5.20',
  '5.22',
  '5.23',
  '5.25',
  '2025.04',
  '2025.05',
  '2025.07',
  '2025.08',
  '2025.09',
  '2025.10',
  '2025.11',
  '2026.01',
  '2026.02',
  '2026.06',
  '2026.07',
  '2026.08',
].map((since, index) => ({ byte: index + 2, since }));

const FIRST = KERNEL_VERSIONS[0]!.byte;
const LAST = KERNEL_VERSIONS.at(-1)!.byte;
/** Of 4.0 and 4.1. */
const WITH_INNER_CHECK_POINTS = 1;

function isKnownKernelVersion(byte: number): boolean {
  return byte >= FIRST && byte <= LAST;
}

/** Numbers in entries and check points are little-endian since 5.0; headers of files never are. */
export function isLittleEndian(byte: number): boolean {
  return byte >= 5;
}

/** For messages: `5.20 or later`, `2026.08`. */
export function describeKernelVersion(byte: number): string {
  const row = KERNEL_VERSIONS.find((each) => each.byte === byte);
  const next = KERNEL_VERSIONS.find((each) => each.byte === byte + 1);
  if (row === undefined) return `kernel version ${byte}`;
  return next === undefined ? `${row.since} or later` : `${row.since} or later, before ${next.since}`;
}

/**
 * Refuses what cannot be read: the layout of an unknown version can only be guessed, and a log with check points in it cannot be cut
 * between them.
 * @throws GraphkeepError `store.format`
 */
export function requireKnownKernelVersion(byte: number, file: string, offset: number): void {
  if (isKnownKernelVersion(byte)) return;
  const place = { file, offset };
  if (byte === WITH_INNER_CHECK_POINTS) {
    throw new GraphkeepError('store.format', 'this is a log of Neo4j 4.0 or 4.1, which has its check points inside', {
      place,
      observed: byte,
      hint: 'Upgrade the server to 4.2 or later; 4.4 is the last release of 4.x.',
    });
  }
  throw new GraphkeepError(
    'store.format',
    'the log has a kernel version that this version of graphkeep does not know',
    {
      place,
      observed: byte,
      hint:
        byte > LAST
          ? `The server is newer than ${KERNEL_VERSIONS.at(-1)!.since}: install a newer version of graphkeep.`
          : 'The log is damaged, or the position is not the start of a transaction.',
    },
  );
}
