import { type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { type ErrorPlace, GraphkeepError } from '../../base/errors.ts';
import { fileError } from '../../base/file-errors.ts';
import { readMetadataIn, storeIdOf } from '../../store/files/neostore-metadata.ts';
import { METADATA_FILE } from '../../store/files/store-files.ts';
import { formatStoreId, relateStores, type StoreId } from '../../store/files/store-id.ts';
import { requireSupportedStore } from '../../store/files/supported-store.ts';

/** Where the files of a database are; a server may be running on them. Absolute paths. */
export interface DatabasePlace {
  directory: string;
  /** Equal to {@link directory} unless `dbms.directories.tx_log` is set. */
  logDirectory: string;
}

/**
 * A database that is read while a server writes it. It stays the same one during a call: the same directory, the same `neostore`, the same
 * store id. A restore, a replaced directory or an upgrade in between makes what was read worthless, and {@link requireSame} says so.
 */
export class LiveDatabase {
  readonly storeId: StoreId;
  private readonly place: DatabasePlace;
  private readonly seen: string;

  private constructor(place: DatabasePlace) {
    this.place = place;
    this.seen = describeIdentity(place);
    this.storeId = storeIdOf(readMetadataIn(place.directory));
  }

  /** @throws GraphkeepError the errors of {@link requireSupportedStore} */
  static async open(place: DatabasePlace): Promise<LiveDatabase> {
    await requireSupportedStore(place.directory, 'change', place.logDirectory);
    return new LiveDatabase(place);
  }

  get errorPlace(): ErrorPlace {
    return { file: this.place.directory };
  }

  /** @throws GraphkeepError `file.io` if it is gone */
  isSame(): boolean {
    const now = storeIdOf(readMetadataIn(this.place.directory));
    return relateStores(now, this.storeId) === 'same' && describeIdentity(this.place) === this.seen;
  }

  /** @throws GraphkeepError `peer.other-store` if it is not the database any more that it was */
  requireSame(): void {
    if (this.isSame()) return;
    const now = storeIdOf(readMetadataIn(this.place.directory));
    throw new GraphkeepError('peer.other-store', 'the database was replaced or upgraded while it was read', {
      place: this.errorPlace,
      observed: `${formatStoreId(now)} instead of ${formatStoreId(this.storeId)}`,
      hint: 'Run the command again when the restore or upgrade has ended.',
    });
  }
}

/** Device and inode of the directories and of `neostore`: others after a restore, even of the same store. */
export function describeIdentity({ directory, logDirectory }: DatabasePlace): string {
  const paths = [directory, join(directory, METADATA_FILE), logDirectory];
  return paths.map((path) => describeInode(path)).join(' ');
}

function describeInode(path: string): string {
  let info: Stats;
  try {
    info = statSync(path);
  } catch (error) {
    throw fileError(error, 'read', path);
  }
  return `${info.dev}:${info.ino}`;
}
