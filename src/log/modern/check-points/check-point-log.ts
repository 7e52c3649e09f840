import { join } from 'node:path';
import { GraphkeepError } from '../../../base/errors.ts';
import { isMissing } from '../../../base/file-errors.ts';
import { readRegularFile } from '../../../base/regular-files.ts';
import { nextEnvelope } from '../envelopes/envelope.ts';
import { FileWindow } from '../fields/file-window.ts';
import { requireKnownKernelVersion } from '../fields/kernel-version.ts';
import { type ModernLogHeader, readModernLogHeader } from '../fields/log-header.ts';
import { isZero } from '../fields/zeros.ts';
import { checkPointFileName, listCheckPointFiles } from './check-point-files.ts';
import {
  type CheckPointRecord,
  checkPointBytes,
  decodeCheckPoint,
  decodeCheckPointPayload,
} from './check-point-record.ts';

/** A check point, and where it stands in the files `checkpoint.<N>`. */
export interface LoggedCheckPoint extends CheckPointRecord {
  readonly file: number;
  readonly start: number;
  /** Behind its last byte: the files may be cut here. */
  readonly end: number;
}

/** No record is longer, in an envelope or not. */
const LARGEST_RECORD_BYTES = 512;

/**
 * The last completed check point in the files of a log directory. There may be none: servers up to 5.9 write the first one after some
 * minutes (spec modern-logs 8).
 *
 * @throws GraphkeepError those of {@link readCheckPointFile}
 */
export function readLastCheckPoint(directory: string): LoggedCheckPoint | undefined {
  for (const version of listCheckPointFiles(directory).reverse()) {
    const last = readCheckPointFile(directory, version).at(-1);
    if (last !== undefined) return last;
  }
  return undefined;
}

/**
 * All check points of one file, in order. A server appends a record after everything is on disk, so each one that is whole counts. A half
 * written one at the end of a file is left out.
 *
 * @throws GraphkeepError `log.corrupt`, `store.format`, `file.io`
 */
export function readCheckPointFile(directory: string, version: number): LoggedCheckPoint[] {
  const path = join(directory, checkPointFileName(version));
  const content = readIfThere(path);
  const file = {
    nameOf: () => path,
    read: (_: number, buffer: Buffer, at: number, length: number, position: number) =>
      content.subarray(position, position + length).copy(buffer, at),
  };
  const header = readModernLogHeader(file, version);
  if (header === undefined) return [];
  const window = new FileWindow(file, version, Buffer.alloc(Math.max(content.length, LARGEST_RECORD_BYTES)));
  return header.envelopes === undefined
    ? readRecords(content, path, header)
    : readEnvelopes(window, content, path, header, header.envelopes.segmentBytes);
}

/** The oldest file may have been removed since the directory was listed. */
function readIfThere(path: string): Buffer {
  try {
    return readRegularFile(path);
  } catch (error) {
    if (isMissing(error)) return Buffer.alloc(0);
    throw error;
  }
}

function readRecords(content: Buffer, path: string, header: ModernLogHeader): LoggedCheckPoint[] {
  const found: LoggedCheckPoint[] = [];
  for (let start = header.dataStart; start < content.length; ) {
    const kernelVersion = content[start]!;
    if (kernelVersion === 0) break;
    requireKnownKernelVersion(kernelVersion, path, start);
    const end = start + checkPointBytes(kernelVersion);
    const record = end > content.length ? undefined : decodeCheckPoint(content.subarray(start, end));
    if (record === undefined) {
      requireTorn(content, path, start);
      break;
    }
    found.push({ ...record, file: header.version, start, end });
    start = end;
  }
  return found;
}

function readEnvelopes(
  window: FileWindow,
  content: Buffer,
  path: string,
  header: ModernLogHeader,
  segmentBytes: number,
): LoggedCheckPoint[] {
  const found: LoggedCheckPoint[] = [];
  for (let offset = header.dataStart; ; ) {
    const { at: start, found: envelope } = nextEnvelope(window, offset, segmentBytes);
    if (envelope === 'end') break;
    if (envelope === 'unfinished') {
      requireTorn(content, path, start);
      break;
    }
    const end = start + envelope.sizeBytes;
    if (envelope.type !== 'filler') {
      requireKnownKernelVersion(envelope.kernelVersion, path, start);
      const record = decodeCheckPointPayload(envelope.payload, envelope.kernelVersion);
      if (record === undefined) throw noRecord(path, start);
      found.push({ ...record, file: header.version, start, end });
    }
    offset = end;
  }
  return found;
}

/** Only the last record can be half written; one with others behind it is damaged. */
function requireTorn(content: Buffer, path: string, start: number): void {
  if (!isZero(content.subarray(start + LARGEST_RECORD_BYTES))) throw noRecord(path, start);
}

function noRecord(path: string, offset: number): GraphkeepError {
  return new GraphkeepError('log.corrupt', 'a check point is damaged, and others follow it', {
    place: { file: path, offset },
  });
}
