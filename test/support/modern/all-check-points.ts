import { listCheckPointFiles } from '../../../src/log/modern/check-points/check-point-files.ts';
import { type LoggedCheckPoint, readCheckPointFile } from '../../../src/log/modern/check-points/check-point-log.ts';

/** All check points in the files of a log directory, oldest first. */
export function readCheckPoints(directory: string): LoggedCheckPoint[] {
  return listCheckPointFiles(directory).flatMap((version) => readCheckPointFile(directory, version));
}
