import {
  DATABASE_LOCK_FILE,
  liveReadingOf,
  MANDATORY_FILES,
  modernHandlingOf,
  modernRoleOf,
} from '../store/files/modern/modern-files.ts';
import { METADATA_FILE } from '../store/files/store-files.ts';
import type { ModernDatabaseFiles } from './generation.ts';

/** The same in all rows since 4.2: a release only lacks some of the files. */
export const MODERN_FILES: ModernDatabaseFiles = {
  keyFile: METADATA_FILE,
  lockFile: DATABASE_LOCK_FILE,
  mandatory: MANDATORY_FILES,
  roleOf: modernRoleOf,
  handlingOf: modernHandlingOf,
  readingOf: liveReadingOf,
};
