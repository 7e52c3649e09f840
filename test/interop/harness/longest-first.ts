import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The longest files of the interop tests, the longest first; the others take less than a minute and a half on two cores. */
const LONGEST = [
  'backup-common',
  'trees',
  'cluster',
  'listener',
  'upgraded-store',
  'embedded-store',
  'neighbours',
  'listener-stopped',
  'dumps',
  'cluster-3.5',
  'fallback',
  'explicit-indexes',
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
