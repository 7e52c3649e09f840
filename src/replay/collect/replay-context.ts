import type { StoreFormat } from '../../store/files/store-format.ts';
import type { LogImages } from './log-images.ts';
import type { LogStretch } from './log-stretch.ts';
import type { NetChanges } from './net-changes.ts';

/** A store and the stretch of log to apply to it. */
export interface ReplayContext {
  /** The directory of the store. */
  folder: string;
  format: StoreFormat;
  log: LogStretch;
  /** The net change of the log, complete once the log was read. */
  changes: NetChanges;
  /** The images to which {@link changes} refers. */
  images: LogImages;
}
