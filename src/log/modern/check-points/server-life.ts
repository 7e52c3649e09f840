import { listCheckPointFiles } from './check-point-files.ts';
import { type LoggedCheckPoint, readCheckPointFile } from './check-point-log.ts';

/** A server writes such a check point when it stops, or when it has recovered after a crash (spec modern-logs 8). */
const BETWEEN_LIVES = /Database shutdown|Recovery completed|Recovery with missing logs completed/;

/**
 * Whether a server has stopped, or has started after a crash, since a check point; undefined: since before the first one. It is seen from
 * the log alone, so also from another container, where the process of the server is not.
 * @throws GraphkeepError those of `readCheckPointFile`
 */
export function hasServerStopped(directory: string, since: LoggedCheckPoint | undefined): boolean {
  const isLater = ({ file, start }: LoggedCheckPoint) =>
    since === undefined || file > since.file || (file === since.file && start > since.start);
  return listCheckPointFiles(directory)
    .filter((version) => since === undefined || version >= since.file)
    .flatMap((version) => readCheckPointFile(directory, version))
    .some((checkPoint) => isLater(checkPoint) && BETWEEN_LIVES.test(checkPoint.reason));
}
