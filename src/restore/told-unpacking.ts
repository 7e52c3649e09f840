import type { Manifest } from '../repository/catalogue/manifest.ts';
import { unpackBase } from '../repository/reading/base-reader.ts';
import type { StoredObjects } from '../repository/reading/stored-objects.ts';
import type { RestoreEvent } from './restore-events.ts';

/** Writes the files of a base into an empty directory, and reports how far that is. Throws what {@link unpackBase} throws. */
export async function unpackTold(
  objects: StoredObjects,
  manifest: Manifest,
  directory: string,
  { signal, onEvent }: { signal: AbortSignal; onEvent?: ((event: RestoreEvent) => void) | undefined },
): Promise<void> {
  let done = 0;
  let files = 0;
  onEvent?.({ kind: 'copy-began', files: manifest.files, bytes: manifest.bytes });
  await unpackBase(objects, manifest, directory, {
    signal,
    onFile: (name) => {
      files++;
      onEvent?.({ kind: 'file-began', name, bytes: 0 });
    },
    onBytes: (bytes) => {
      done += bytes;
      onEvent?.({ kind: 'copy-progress', files, bytes: done });
    },
  });
}
