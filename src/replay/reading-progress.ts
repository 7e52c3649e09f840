import { listLogFiles } from '../log/log-files.ts';
import type { LogStretch } from './collect/log-stretch.ts';
import type { ReplayProgress } from './events/replay-events.ts';

/** Reports how many bytes of a stretch of log were read; call `end` when all of it was read. */
export function trackReading(
  { folder, start, end }: LogStretch,
  onEvent: (event: ReplayProgress) => void,
): { add(bytes: number): void; end(): void } {
  const sizes = listLogFiles(folder).files.map(({ version, sizeBytes }) => {
    if (version < start.version || (end !== undefined && version > end.version)) return 0;
    return (version === end?.version ? end.offset : sizeBytes) - (version === start.version ? start.offset : 0);
  });
  const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
  let read = 0;
  const tell = (done: number) => onEvent({ kind: 'replay-progress', phase: 'collect', unit: 'bytes', done, total });
  tell(0);
  return {
    add: (bytes) => {
      read += bytes;
      tell(read);
    },
    end: () => tell(total),
  };
}
