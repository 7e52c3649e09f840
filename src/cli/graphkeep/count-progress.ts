import { printableLine } from '../../base/printable-text.ts';
import type { Reporter } from './reporter.ts';

/** Callbacks that count files and bytes into the progress of a reporter. */
export function countProgress(reporter: Reporter, phase: string) {
  const done = { files: 0, bytes: 0 };
  return {
    onFile: (name: string) => {
      done.files++;
      reporter.debug(printableLine(name));
      reporter.progress({ ...done, phase });
    },
    onBytes: (count: number) => {
      done.bytes += count;
      reporter.progress({ ...done, phase });
    },
  };
}
