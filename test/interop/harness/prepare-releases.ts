import { findMissingTools, install } from './installation.ts';
import { installModern } from './modern/installation.ts';
import { versions } from './releases.ts';
import { fetchS3Proxy } from './s3-proxy.ts';

/** In CI, which needs every release and the S3 server: fetches them one by one, because Maven's cache does not support concurrent use. */
export default async function prepareReleases(): Promise<void> {
  if (!process.env.CI || findMissingTools().length > 0) return;
  for (const version of versions) await install(version);
  for (const version of ['4.4.48', '5.26.30', '2026.08.1']) await installModern(version);
  await fetchS3Proxy();
}
