import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The longest files of the interop tests, as they were measured, the longest first. */
const LONGEST = [
  'trees',
  'listener',
  'backup-common',
  'cluster',
  'consistency-check',
  'neighbours',
  'upgraded-store',
  'explicit-indexes',
  'dumps',
  'listener-stopped',
  'cluster-3.5',
  'ha-pair',
  'harness',
].map((name) => `/test/interop/${name}.test.ts`);

/**
 * Begins with the longest test files, so that the two workers come to their ends together. (By default those that took long the last time
 * come first, which helps nobody whose checkout is fresh.)
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
