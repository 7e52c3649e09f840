import { printableLine } from '../../base/printable-text.ts';
import type { RestoreEvent } from '../../restore/restore-events.ts';
import { progressOfCheck } from '../progress/event-progress.ts';
import type { Reporter } from './reporter.ts';

/** Shows how far a restore, a dump or a load is. `phase`: what its copying is called. */
export function createCopyView(reporter: Reporter, phase: string): (event: RestoreEvent) => void {
  let total = {};
  return (event) => {
    switch (event.kind) {
      case 'copy-began':
        total = { totalFiles: event.files, totalBytes: event.bytes };
        return reporter.progress({ phase, files: 0, bytes: 0, ...total });
      case 'file-began':
        return reporter.debug(printableLine(event.name));
      case 'copy-progress':
        return reporter.progress({ phase, files: event.files, bytes: event.bytes, ...total });
      case 'unpack-progress': {
        const { files, bytes, totalBytes } = event;
        return reporter.progress({ phase, files, bytes, totalBytes });
      }
      case 'check-began':
        return reporter.progress({ phase: 'checking', bytes: 0, totalBytes: event.totalBytes });
      case 'check-progress':
        return reporter.progress(progressOfCheck(event));
      case 'check-ended':
        return undefined;
      default:
        return event satisfies never;
    }
  };
}
