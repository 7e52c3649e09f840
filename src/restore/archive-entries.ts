import type { Header } from 'tar-stream';
import { hasUnprintable } from '../base/printable-text.ts';
import type { DatabaseFiles } from '../generation/generation.ts';
import { LOG_FILE_PREFIX } from '../log/log-files.ts';
import { BLOCK_FILE_NAME, OLD_LOG_NAME } from '../store/files/neo4j-versions.ts';

/*
 * Which entries an archive of a database may have. An archive is refused as a whole when it holds anything else: then it is not what its
 * owner takes it for, and the old database must not go for it.
 */

/** More than any database has: each index is a folder of some dozens of files. */
const MAX_ENTRIES = 1_000_000;

/** Deepest in a real database: `schema/index/<provider>/<id>/<part>/<partition>/<file>`, seven. */
const MAX_DEPTH = 16;

/** An entry that no archive of a database can have. */
export class InvalidEntry extends Error {}

/** What is to be done with an entry. */
export type EntryVerdict = 'taken' | 'left out' | 'foreign';

/** Of an entry: its name below the database directory with `/`, empty for the directory itself. */
export interface NamedEntry {
  name: string;
  isDirectory: boolean;
  verdict: EntryVerdict;
}

/** Names what does not belong into an archive, as far as a message needs it. */
const MAX_NAMED = 3;

/** Judges the entries of one archive, and remembers what speaks against it. */
export class EntryJudge {
  private entries = 0;
  private readonly strangers: string[] = [];
  private strangerCount = 0;
  /** Where a key file was found below the root. */
  private nested: string | undefined;
  private hasKeyFile = false;
  private readonly files: DatabaseFiles;

  constructor(files: DatabaseFiles) {
    this.files = files;
  }

  /** @throws InvalidEntry for an entry that no archive of a database can have */
  judge(header: Header): NamedEntry {
    if (++this.entries > MAX_ENTRIES) throw new InvalidEntry(`it has more than ${MAX_ENTRIES} entries`);
    const { name, isDirectory } = readName(header);
    const verdict = judgeName(this.files, name, isDirectory);
    this.hasKeyFile ||= name === this.files.keyFile;
    if (verdict === 'foreign') this.remember(name, isDirectory);
    return { name, isDirectory, verdict };
  }

  /** Something was found that does not belong to a database. */
  get isForeign(): boolean {
    return this.strangerCount > 0;
  }

  /** Why the archive is refused, and what to do. */
  explain(): { reason: string; hint: string } {
    if (this.nested !== undefined && !this.hasKeyFile) {
      // The name is of others: nothing that a shell would obey belongs into a command that people copy.
      const directory = /^[\w.][\w./-]*$/.test(this.nested) ? this.nested : '<that directory>';
      return {
        reason: `the database stands in a directory of the archive, ${this.nested}; its files must be at the root`,
        hint: `Unpack it, then pack the files from inside that directory: tar -czf graph.db.dump -C ${directory} .`,
      };
    }
    const more = this.strangerCount - this.strangers.length;
    const named = this.strangers.join(', ') + (more > 0 ? ` and ${more} more` : '');
    return {
      reason: `it holds what does not belong to a database: ${named}`,
      hint: 'Unpack it, then pack the files of the database alone, from inside its directory: tar -czf graph.db.dump -C <database directory> .',
    };
  }

  private remember(name: string, isDirectory: boolean): void {
    this.strangerCount++;
    if (this.strangers.length < MAX_NAMED) this.strangers.push(isDirectory ? `${name}/` : name);
    const { keyFile } = this.files;
    if (!isDirectory && name.endsWith(`/${keyFile}`)) this.nested ??= name.slice(0, -keyFile.length - 1);
  }
}

/** Left in a database that was upgraded from 2.x or older, or of 4.x. */
const OF_OTHER_RELEASES =
  /^(messages\.log.*|tm_tx_log\.\d+|active_tx_log|lock|database_lock|quarantine_marker|checkpoint\.\d+)$/;

/** Files of databases of other releases. Which one it is, and whether it can be used, is said when all files are there. */
function isOfOtherRelease(name: string): boolean {
  return BLOCK_FILE_NAME.test(name) || OLD_LOG_NAME.test(name) || OF_OTHER_RELEASES.test(name);
}

/** True for what a database directory may hold. */
export function belongsToDatabase(files: DatabaseFiles, name: string, isDirectory: boolean): boolean {
  if (files.roleOf(isDirectory ? `${name}/` : name) !== 'unknown') return true;
  if (!isDirectory && isOfOtherRelease(name)) return true;
  // Other releases have store files that we do not know. A log always has a number.
  return (
    !name.includes('/') && !isDirectory && name.startsWith(`${files.keyFile}.`) && !name.startsWith(LOG_FILE_PREFIX)
  );
}

function judgeName(files: DatabaseFiles, name: string, isDirectory: boolean): EntryVerdict {
  if (name === '') return 'left out';
  if (name === files.lockFile || isRubbish(name)) return 'left out';
  return belongsToDatabase(files, name, isDirectory) ? 'taken' : 'foreign';
}

/** What desktops and file systems strew about. */
export function isRubbish(name: string): boolean {
  return name.split('/').some((part) => /^(\._.*|\.DS_Store|__MACOSX|Thumbs\.db|desktop\.ini|lost\+found)$/.test(part));
}

/** The name below the directory, or an error for whatever could leave it. */
function readName({ name, type }: Header): { name: string; isDirectory: boolean } {
  if (type !== 'file' && type !== 'contiguous-file' && type !== 'directory') {
    throw new InvalidEntry(`an entry is neither a file nor a directory: ${type} ${name}`);
  }
  if (hasUnprintable(name)) throw new InvalidEntry(`the name of an entry cannot be shown: ${name}`);
  const isDirectory = type === 'directory';
  const parts = name.split('/').filter((part, at) => !(part === '.' || (part === '' && at > 0)));
  if (parts.some((part) => part === '' || part === '..' || /[\\\0]/.test(part))) {
    throw new InvalidEntry(`the name of an entry leads out of the database: ${name}`);
  }
  if (parts.length === 0 && !isDirectory) throw new InvalidEntry('an entry has no name');
  if (parts.length > MAX_DEPTH) throw new InvalidEntry(`an entry is more than ${MAX_DEPTH} directories deep: ${name}`);
  return { name: parts.join('/'), isDirectory };
}
