import { stat } from 'node:fs/promises';
import { GraphkeepError } from '../../base/errors.ts';
import { printableLine } from '../../base/printable-text.ts';
import { formatBytes } from '../../config/sizes.ts';
import type { ArchiveCompression } from '../../restore/archive-content.ts';
import { dumpDatabase } from '../../restore/database-dump.ts';
import { loadDatabase } from '../../restore/database-load.ts';
import { requestDump, requestLoad } from '../commands/archive-request.ts';
import type { OptionValues } from '../option-values.ts';
import { describeLeftOut, describeRestoreNote } from '../wording/restore-text.ts';
import { createCopyView } from './copy-view.ts';
import { noteOfEvent } from './event-data.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';

export async function dumpBody({ values, context }: Invocation, reporter: Reporter): Promise<void> {
  const compression = readCompression(values);
  const options = await requestDump(values, context);
  const leftOut: string[] = [];
  const archive = await dumpDatabase({
    ...options,
    onEvent: createCopyView(reporter, 'packing files'),
    compression,
    onLeftOut: (name) => {
      leftOut.push(name);
      reporter.note({ code: 'entry-left-out', text: describeLeftOut(name), data: { name } });
    },
  });
  const { size } = await stat(archive);
  const { databaseName: database } = options;
  reporter.report(printableLine(`${database}: dumped to ${archive}, ${formatBytes(size)}`), {
    database,
    archive,
    bytes: size,
    compression,
    leftOut,
  });
}

export function readCompression(values: OptionValues): ArchiveCompression {
  const value = values.optional('compression');
  if (value === 'gzip' || value === 'zstd') return value;
  throw new GraphkeepError('usage', 'compression is neither gzip nor zstd', { observed: String(value) });
}

export async function loadBody({ values, context }: Invocation, reporter: Reporter): Promise<void> {
  const options = await requestLoad(values, context);
  const notes = await loadDatabase({ ...options, onEvent: createCopyView(reporter, 'unpacking') });
  for (const note of notes) reporter.note(noteOfEvent(note, describeRestoreNote(note)));
  const { databaseName: database, databaseDirectory: directory } = options;
  reporter.report(printableLine(`${database}: loaded to ${directory}`), { database, directory });
}
