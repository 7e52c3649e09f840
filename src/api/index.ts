/*
 * What programs may use of graphkeep: `import { backup } from 'graphkeep'`. Nothing else of the package can be imported. Options have the
 * defaults of the command line; times are in milliseconds, sizes in bytes. docs/api.md shows it in examples, which are tested.
 */
export * from './archive.ts';
export * from './backup.ts';
export * from './check.ts';
export type { Cancellable, Configuration } from './configuration.ts';
export * from './doctor.ts';
export * from './embedded.ts';
export * from './errors.ts';
export * from './recover.ts';
export {
  type DatabaseLocation,
  type RestoreEvent,
  type RestoreNote,
  type RestoreOptions,
  type RestoreResult,
  restore,
} from './restore.ts';
export * from './serve.ts';
export * from './values.ts';
