import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GraphkeepError } from '../../base/errors.ts';
import { FolderStore } from '../folder/folder-store.ts';
import type { ObjectStore } from '../object-store.ts';
import type { Retries } from '../retry.ts';
import { RetryingStore } from '../retrying-store.ts';
import { CredentialsCommand } from '../s3/credentials-command.ts';
import { parseS3Address } from '../s3/s3-address.ts';
import { S3Store } from '../s3/s3-store.ts';

export interface OpenOptions {
  /** Makes a missing folder; a bucket is never made. Default false. */
  readonly create?: boolean;
  /** Program and arguments that print credentials for S3, as `credential_process` of the AWS tools. */
  readonly credentialsCommand?: readonly string[];
  readonly retries?: Retries;
}

/**
 * Opens a store, whose calls are made again where that may help: a path, `file:` with a path, or `s3://` ({@link parseS3Address}).
 * @throws GraphkeepError `object.address`, `object.no-store`, and those of {@link ObjectStore}
 */
export async function openObjectStore(location: string, options: OpenOptions = {}): Promise<ObjectStore> {
  return new RetryingStore(await openOnce(location, options), options.retries);
}

async function openOnce(location: string, { create = false, credentialsCommand }: OpenOptions): Promise<ObjectStore> {
  const [, scheme] = /^([a-z][a-z0-9+.-]+):/i.exec(location) ?? [];
  switch (scheme?.toLowerCase()) {
    case undefined:
      return await FolderStore.open(resolve(location), { create });
    case 'file':
      return await FolderStore.open(pathOf(location), { create });
    case 's3': {
      const credentials =
        credentialsCommand === undefined ? {} : { credentials: new CredentialsCommand(credentialsCommand) };
      return await S3Store.open(parseS3Address(location), credentials);
    }
    default:
      throw badAddress(`there is no store of the kind '${scheme}'`);
  }
}

function pathOf(location: string): string {
  const path = location.slice('file:'.length);
  if (!path.startsWith('//')) return resolve(path);
  try {
    return fileURLToPath(location);
  } catch (error) {
    throw badAddress('the address names no folder of this machine', error);
  }
}

/** The address itself is not shown: a password may be in it. */
function badAddress(message: string, cause?: unknown): GraphkeepError {
  return new GraphkeepError('object.address', message, { cause });
}
