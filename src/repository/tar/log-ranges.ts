import { parseLogFileName } from '../../log/log-files.ts';

/** Consecutive bytes of one log file. */
export interface LogRange {
  readonly version: number;
  readonly offset: number;
  readonly length: number;
}

/** The same, with the bytes. */
export interface RawRange {
  readonly version: number;
  readonly offset: number;
  readonly content: Uint8Array;
}

const OFFSET_DIGITS = 16;
const RANGE = /^(neostore\.transaction\.db\.(?:0|[1-9]\d{0,14}))\.(\d{16})$/;

/** The name of an entry with bytes of a log file that is kept byte for byte (spec repository-layout 3). */
export function formatLogRange(file: string, offset: number): string {
  return `${file}.${String(offset).padStart(OFFSET_DIGITS, '0')}`;
}

/** Undefined for any other name. */
export function parseLogRange(name: string): Omit<LogRange, 'length'> | undefined {
  const [, file, digits] = RANGE.exec(name) ?? [];
  const version = file === undefined ? undefined : parseLogFileName(file);
  const offset = Number(digits);
  return version === undefined || !Number.isSafeInteger(offset) ? undefined : { version, offset };
}
