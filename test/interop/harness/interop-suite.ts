import { afterAll, describe } from 'vitest';
import { killChildren } from './child-process.ts';
import { findMissingTools } from './installation.ts';
import { removeScratch } from './scratch.ts';

const missing = findMissingTools();

/**
 * A suite that runs real servers. Without Java or Maven it is skipped, with the reason in its name; in CI it runs and fails instead. At the
 * end of the file, servers left by failed tests are killed and scratch is removed.
 */
export function describeInterop(name: string, body: () => void): void {
  const skip = missing.length > 0 && !process.env.CI;
  describe.skipIf(skip)(skip ? `${name} (skipped: needs ${missing.join(', ')})` : name, body);
  afterAll(async () => {
    await killChildren();
    removeScratch();
  });
}
