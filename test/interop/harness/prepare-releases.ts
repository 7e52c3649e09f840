import { findMissingTools, install } from './installation.ts';
import { versions } from './releases.ts';

/** Under CI, where every release is needed: fetches them one after the other, because Maven's cache is not made for two at a time. */
export default async function prepareReleases(): Promise<void> {
  if (!process.env.CI || findMissingTools().length > 0) return;
  for (const version of versions) await install(version);
}
