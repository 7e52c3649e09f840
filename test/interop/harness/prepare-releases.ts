import { findMissingTools, install } from './installation.ts';
import { versions } from './releases.ts';
import { fetchS3Proxy } from './s3-proxy.ts';

/** In CI, which needs every release and the S3 server: fetches them one by one, because Maven's cache does not support concurrent use. */
export default async function prepareReleases(): Promise<void> {
  if (!process.env.CI || findMissingTools().length > 0) return;
  for (const version of versions) await install(version);
  await fetchS3Proxy();
}
