import type { Header } from 'tar-stream';
import { hasUnprintable } from '../base/printable-text.ts';
import type { DatabaseFiles } from '../generation/generation.ts';
import { LOG_FILE_PREFIX } from '../log/log-files.ts';
import { BLOCK_FILE_NAME, OLD_LOG_NAME } from '../store/files/neo4j-versions.ts';

/*
 * Decides which entries an archive of a database may have. An archive that holds anything else is refused as a whole: it is not what its
 * owner takes it for, and must not replace the old database.
 */

/** More than any database has: each index is a folder with a few dozen files. */
const MAX_ENTRIES = 1_000_000;

/** The deepest path of a real database has seven parts: `schema/index/<provider>/<id>/<part>/<partition>/<file>`. */
const MAX_DEPTH = 16;

/** An entry that no archive of a database can have. */
export class InvalidEntry extends Error {}

/** What to do with an entry. */
export type EntryVerdict = 'taken' | 'left out' | 'foreign';

/** The name of an entry below the database directory, with `/`; empty for the directory itself. */
export interface NamedEntry {
  name: string;
  isDirectory: boolean;
  verdict: EntryVerdict;
}

/** Maximum number of unexpected entries named in a message. */
const MAX_NAMED = 3;

/** Judges the entries of one archive and remembers the reasons against it. */
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

  /** True if something was found that does not belong to a database. */
  get isForeign(): boolean {
    return this.strangerCount > 0;
  }

  /** Why the archive is refused, and a hint. */
  explain(): { reason: string; hint: string } {
    if (this.nested !== undefined && !this.hasKeyFile) {
      // The name is untrusted: a command that people copy must contain nothing that a shell would interpret.
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

/** Leftovers in a database upgraded from 2.x or older, or files of 4.x. */
const OF_OTHER_RELEASES =
  /^(messages\.log.*|tm_tx_log\.\d+|active_tx_log|lock|database_lock|quarantine_marker|checkpoint\.\d+)$/;

/** Files of databases of other releases. Later, when all files are there, the release is identified and judged. */
function isOfOtherRelease(name: string): boolean {
  return BLOCK_FILE_NAME.test(name) || OLD_LOG_NAME.test(name) || OF_OTHER_RELEASES.test(name);
}

/** True for anything that a database directory may hold. */
export function belongsToDatabase(files: DatabaseFiles<string>, name: string, isDirectory: boolean): boolean {
  if (files.roleOf(isDirectory ? `${name}/` : name) !== 'unknown') return true;
  if (!isDirectory && isOfOtherRelease(name)) return true;
  // Other releases have unknown store files. A log always has a number.
  return (
    !name.includes('/') && !isDirectory && name.startsWith(`${files.keyFile}.`) && !name.startsWith(LOG_FILE_PREFIX)
  );
}

function judgeName(files: DatabaseFiles, name: string, isDirectory: boolean): EntryVerdict {
  if (name === '') return 'left out';
  if (name === files.lockFile || isRubbish(name)) return 'left out';
  return belongsToDatabase(files, name, isDirectory) ? 'taken' : 'foreign';
}

/** Files that desktops and file systems scatter around. */
export function isRubbish(name: string): boolean {
  return name.split('/').some((part) => /^(\._.*|\.DS_Store|__MACOSX|Thumbs\.db|desktop\.ini|lost\+found)$/.test(part));
}

/** The name below the directory; throws for any name that could leave it. */
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
