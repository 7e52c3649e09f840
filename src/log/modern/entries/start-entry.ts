import { isLittleEndian } from '../fields/kernel-version.ts';
import { readLong, readUnsigned } from '../fields/long-numbers.ts';

/** The first entry of a transaction (spec modern-logs 4). */
export interface StartEntry {
  /** With the additional header. */
  readonly bytes: number;
  readonly startTime: number;
  readonly lastCommittedWhenStarted: number;
  readonly previousChecksum: number | undefined;
  readonly appendIndex: number | undefined;
}

const START_ENTRY = 1;
/** The largest start entry without its additional header. */
const LARGEST_START_BYTES = 38;
const LARGEST_ADDITIONAL_BYTES = 8;
/** Enough to read any start entry. */
export const START_WINDOW_BYTES = LARGEST_START_BYTES + LARGEST_ADDITIONAL_BYTES;

/** Offsets of what not every version has, and of the length of the additional header. */
interface StartLayout {
  readonly previousChecksumAt: number | undefined;
  readonly appendIndexAt: number | undefined;
  readonly additionalLengthAt: number;
}

const LAST_WITH_PREVIOUS_CHECKSUM = 21;
const FIRST_WITH_APPEND_INDEX = 17;
const FIRST_WITH_SEQUENCE = 30;

/** `envelope`: without the kernel version in front and without the append index, which the envelope has. */
function startLayout(kernelVersion: number, envelope = false): StartLayout {
  let at = (envelope ? 1 : 2) + 16;
  const previousChecksumAt = kernelVersion <= LAST_WITH_PREVIOUS_CHECKSUM ? at : undefined;
  if (previousChecksumAt !== undefined) at += 4;
  const appendIndexAt = kernelVersion >= FIRST_WITH_APPEND_INDEX && !envelope ? at : undefined;
  if (appendIndexAt !== undefined) at += 8;
  if (kernelVersion >= FIRST_WITH_SEQUENCE) at += 8;
  return { previousChecksumAt, appendIndexAt, additionalLengthAt: at };
}

/**
 * Decodes the start entry at `at`; `incomplete` if the buffer ends before it does, `impossible` if these bytes are no start entry. The
 * kernel version is known.
 */
export function decodeStartEntry(
  buffer: Buffer,
  at: number,
  kernelVersion: number,
  envelope = false,
): StartEntry | 'incomplete' | 'impossible' {
  const typeAt = envelope ? at : at + 1;
  if (buffer.length <= typeAt) return 'incomplete';
  if (buffer[typeAt] !== START_ENTRY) return 'impossible';
  const little = isLittleEndian(kernelVersion);
  const { previousChecksumAt, appendIndexAt, additionalLengthAt } = startLayout(kernelVersion, envelope);
  if (buffer.length < at + additionalLengthAt + 4) return 'incomplete';
  const additional = readUnsigned(buffer, at + additionalLengthAt, little);
  if (additional > LARGEST_ADDITIONAL_BYTES) return 'impossible';
  const timesAt = typeAt + 1;
  return {
    bytes: additionalLengthAt + 4 + additional,
    startTime: readLong(buffer, timesAt, little),
    lastCommittedWhenStarted: readLong(buffer, timesAt + 8, little),
    previousChecksum:
      previousChecksumAt === undefined ? undefined : readUnsigned(buffer, at + previousChecksumAt, little),
    appendIndex: appendIndexAt === undefined ? undefined : readLong(buffer, at + appendIndexAt, little),
  };
}
