import { type FileOperation, isNameOperation } from './file-operations.ts';
import type { Recording } from './file-recorder.ts';

/*
 * Renders a recording as a text for reading and comparing. Between two decisive steps (a name is moved or removed, the names of a directory
 * are flushed, a key file is changed), each file has one line with everything done to it, and files treated alike share one line.
 */

/** The decisive files: each change of a previously complete one is a separate step. */
const KEY_FILE = /(^|\/)neostore(\.transaction\.db\.\d+)?$/;
const RANDOM = /[0-9a-f]{12}/g;
/** This many files of a directory share one line. */
const MANY = 4;
const VERB_WIDTH = 22;

export function describeWriteOrder(recording: Recording): string {
  const text = new WriteOrderText();
  const tree = recording.before.clone();
  for (const operation of recording.operations) {
    text.take(operation, 'inode' in operation ? tree.sizeOf(operation.inode) : 0);
    tree.apply(operation);
  }
  return text.end();
}

class WriteOrderText {
  private readonly lines: string[] = [];
  /** What was done to each file since the last step. */
  private readonly work = new Map<string, string[]>();
  private removals: { path: string; isDirectory: boolean; count: number }[] = [];
  private moves: { path: string; toPath: string }[] = [];
  /** Created but not flushed yet. */
  private readonly made = new Set<number>();
  /** Directories in which a new directory waits for its flush. */
  private readonly waiting = new Map<number, string>();

  take(operation: FileOperation, sizeBytes: number): void {
    if (operation.kind === 'remove') {
      this.endWork();
      this.endMoves();
      this.noteRemoval(operation.path, operation.isDirectory);
      return;
    }
    this.endRemovals();
    if (operation.kind === 'rename') {
      this.endWork();
      this.moves.push(operation);
      return;
    }
    this.endMoves();
    if (isNameOperation(operation)) this.takeName(operation);
    else if (operation.kind === 'sync') this.takeFlush(operation);
    else if (this.made.has(operation.inode)) this.note(operation.path, operation.kind === 'write' ? 'write' : 'cut');
    else {
      const isAppended = operation.kind === 'write' && operation.offset >= sizeBytes;
      const verb = operation.kind === 'truncate' ? 'cut' : isAppended ? 'append' : 'change';
      if (!KEY_FILE.test(operation.path)) this.note(operation.path, verb);
      else if (this.lines.at(-1) !== line(verb, operation.path) || this.work.size > 0) this.step(verb, operation.path);
    }
  }

  end(): string {
    this.endWork();
    this.endRemovals();
    this.endMoves();
    return `${this.lines.join('\n')}\n`;
  }

  private takeName(operation: Exclude<FileOperation, { kind: 'write' | 'truncate' | 'sync' | 'remove' }>): void {
    if (operation.kind === 'create') {
      this.made.add(operation.inode);
      this.note(operation.path, 'create');
    } else if (operation.kind === 'makeDirectory') {
      this.waiting.set(operation.at.directory, `${operation.path}/`);
      this.note(`${operation.path}/`, 'make');
    } else if (operation.kind === 'link') this.step('link', operation.path);
    else if (operation.kind === 'exchange') this.step('exchange', `${operation.path} -> ${operation.toPath}`);
  }

  private takeFlush({ inode, isDirectory, path }: Extract<FileOperation, { kind: 'sync' }>): void {
    if (!isDirectory) {
      const isStep = KEY_FILE.test(path) && !this.made.has(inode);
      this.made.delete(inode);
      if (isStep) this.step('sync', path);
      else this.note(path, 'sync');
      return;
    }
    const made = this.waiting.get(inode);
    this.waiting.delete(inode);
    if (made !== undefined && this.work.has(made)) this.note(made, 'sync name');
    else this.step('sync names', `${path}/`);
  }

  private note(path: string, verb: string): void {
    const verbs = this.work.get(path) ?? [];
    if (verbs.at(-1) !== verb) verbs.push(verb);
    this.work.set(path, verbs);
  }

  private step(verb: string, what: string): void {
    this.endWork();
    this.lines.push(line(verb, what));
  }

  private endWork(): void {
    const groups = new Map<string, string[]>();
    for (const [path, verbs] of this.work) {
      const isAlone = path.endsWith('/') || KEY_FILE.test(path);
      const key = isAlone ? path : `${directoryOf(path)}\0${verbs.join()}`;
      groups.set(key, [...(groups.get(key) ?? []), path]);
    }
    for (const paths of groups.values()) {
      const verbs = foldVerbs(this.work.get(paths[0]!)!);
      if (paths.length >= MANY) this.lines.push(line(verbs, describeMany(paths)));
      else for (const path of paths) this.lines.push(line(verbs, path));
    }
    this.work.clear();
  }

  /** Moves between the same two directories share one line. */
  private endMoves(): void {
    const moves = this.moves.splice(0);
    const groups = new Map<string, string[]>();
    for (const { path, toPath } of moves) {
      const places = `${directoryOf(path)} -> ${directoryOf(toPath)}`;
      const key = KEY_FILE.test(path) ? `${path} -> ${toPath}` : places;
      groups.set(key, [...(groups.get(key) ?? []), `${path} -> ${toPath}`]);
    }
    for (const [places, all] of groups) {
      if (all.length >= MANY) this.lines.push(line('rename', `${places} (${all.length} names)`));
      else for (const what of all) this.lines.push(line('rename', what));
    }
  }

  /** A directory is removed after its content, in one line. */
  private noteRemoval(path: string, isDirectory: boolean): void {
    const below = isDirectory ? this.removals.filter((one) => one.path.startsWith(`${path}/`)) : [];
    const count = below.reduce((sum, one) => sum + one.count, 0);
    this.removals = this.removals.filter((one) => !below.includes(one));
    this.removals.push({ path, isDirectory, count: isDirectory ? count : 1 });
  }

  private endRemovals(): void {
    const removals = this.removals.splice(0);
    const alike = new Map<string, string[]>();
    for (const { path, isDirectory } of removals) {
      const key = isDirectory || KEY_FILE.test(path) ? path : directoryOf(path);
      alike.set(key, [...(alike.get(key) ?? []), path]);
    }
    for (const paths of alike.values()) {
      if (paths.length >= MANY) this.lines.push(line('remove', describeMany(paths)));
      else
        for (const path of paths)
          this.lines.push(line('remove', describeRemoved(removals.find((one) => one.path === path)!)));
    }
  }
}

function describeRemoved({ path, isDirectory, count }: { path: string; isDirectory: boolean; count: number }): string {
  if (!isDirectory) return path;
  return count === 0 ? `${path}/` : `${path}/ and all in it (${count} files)`;
}

/** Files of one directory. */
function describeMany(paths: readonly string[]): string {
  const [first] = paths;
  const suffix = first!.slice(first!.lastIndexOf('.'));
  const pattern = paths.every((path) => path.endsWith(suffix)) ? `*${suffix}` : '*';
  return `${directoryOf(first!)}${pattern} (${paths.length} files)`;
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/** `change, sync, change, sync` becomes `change, sync (twice)`. */
function foldVerbs(verbs: readonly string[]): string {
  const [first, second] = verbs;
  const times = verbs.length / 2;
  const isPair = Number.isInteger(times) && times > 1 && verbs.every((verb, i) => verb === (i % 2 ? second : first));
  return isPair ? `${first}, ${second} (${times === 2 ? 'twice' : `${times} times`})` : verbs.join(', ');
}

function line(verb: string, what: string): string {
  return `${verb.padEnd(VERB_WIDTH)} ${what}`.replace(RANDOM, '<random>');
}
