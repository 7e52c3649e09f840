import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The longest interop test files by time, longest first; those of live files by what they took on a busy machine. */
const LONGEST = [
  'served-live-files',
  'modern-backup',
  'trees',
  'cluster',
  'hot/modern-harm',
  'modern-follow',
  'listener',
  'backup-common',
  'live-files',
  'modern-drill',
  'doctor',
  'hot/harmed-copies',
  'modern-harness',
  'cluster-3.5',
  'embedded-store',
  'upgraded-store',
  'neighbours',
  'harness',
  'listener-stopped',
  'dumps',
  'common-source',
  'hot/followed-server',
  'explicit-indexes',
  'ha-pair',
].map((name) => `/test/interop/${name}.test.ts`);

/**
 * Starts the longest test files first, so that the two workers end together. (The default starts those that took long the last time, which
 * does not help a fresh checkout.)
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = LONGEST.findIndex((name) => moduleId.endsWith(name));
      return place < 0 ? LONGEST.length : place;
    };
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}
