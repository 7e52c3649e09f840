import { readdirSync } from 'node:fs';
import { fileError } from '../../../base/file-errors.ts';

const NAME = /^checkpoint\.(0|[1-9][0-9]{0,14})$/;

export function checkPointFileName(version: number): string {
  return `checkpoint.${version}`;
}

/** The number of a check point file; undefined for any other name. */
function checkPointFileVersion(name: string): number | undefined {
  const match = NAME.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** The check point files of a directory, lowest first. A server keeps the newest three, so they need not begin with 0. */
export function listCheckPointFiles(directory: string): number[] {
  try {
    return readdirSync(directory)
      .map(checkPointFileVersion)
      .filter((version) => version !== undefined)
      .sort((a, b) => a - b);
  } catch (error) {
    throw fileError(error, 'list the directory', directory);
  }
}
