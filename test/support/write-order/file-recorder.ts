import fs from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { relative, resolve, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Entry, FileOperation } from './file-operations.ts';
import { FileTree } from './file-tree.ts';

/*
 * Records what this process does to the files below one directory, at the functions of Node, so that every use of them is seen. While it
 * records, a function that changes files and is unknown to the recorder fails, so nothing is missed silently.
 */

/** What happened below a directory. */
export interface Recording {
  /** The state at the beginning; all of it counts as durable. */
  before: FileTree;
  operations: FileOperation[];
  /** The state at the end: the operations applied to {@link before}. */
  after: FileTree;
}

/**
 * How concurrent flushes behave. `at-once`: they are done when requested, so that two recordings of one command are alike. `late`: they
 * take a while, so that a missing wait for the result shows.
 */
export type FlushTiming = 'at-once' | 'late';

const LATE_MS = 3;

// biome-ignore lint/suspicious/noExplicitAny: whatever the arguments are, they are passed on
type Call = (...args: any[]) => any;
type Calls = Record<string, Call>;

/** Functions that only read, or that the recorder sees elsewhere (a read stream opens with `open`). */
const LOOKS = [
  ...['access', 'exists', 'stat', 'lstat', 'fstat', 'statfs', 'readdir', 'opendir', 'readFile', 'readlink', 'realpath'],
  ...['read', 'readv', 'watch', 'watchFile', 'unwatchFile', 'createReadStream', 'openAsBlob', 'glob'],
];
/** Who may read a file is tested elsewhere: rights are not part of the content. */
const RIGHTS = ['chmod', 'fchmod', 'lchmod', 'chown', 'fchown', 'lchown'];
const UNSEEN = new Set([...LOOKS, ...RIGHTS].flatMap((name) => [name, `${name}Sync`]));
/** Methods of handles; the other names are as above. */
const UNSEEN_OF_HANDLES = new Set(['constructor', 'getAsyncId', 'fd', 'readLines', 'readableWebStream', 'releaseFD']);
/** Constructors and helpers. */
const NO_CALLS = new Set(['Dirent', 'Stats', 'Dir', 'ReadStream', 'FileReadStream', '_toUnixTimestamp', 'Utf8Stream']);

interface OpenFile {
  inode: number;
  path: string;
  position: number;
}

/** Only one at a time. Install it before the code under test is loaded: some modules keep the functions that they find. */
export class FileRecorder {
  private root = '';
  private recording: Recording | undefined;
  private timing: FlushTiming = 'late';
  /** Nesting depth inside a recorded call that does its work through others. */
  private depth = 0;
  private readonly descriptors = new Map<number, OpenFile>();
  private readonly handles = new WeakMap<FileHandle, OpenFile>();
  private readonly undo: (() => void)[] = [];

  static async install(): Promise<FileRecorder> {
    const recorder = new FileRecorder();
    // Node loads the code of `rm` on first use, and that code keeps the functions that it finds.
    fs.rmSync('/nowhere/at/all', { recursive: true, force: true });
    await fs.promises.rm('/nowhere/at/all', { recursive: true, force: true });
    const handle = await fs.promises.open(process.execPath);
    const handles = Object.getPrototypeOf(handle);
    await handle.close();
    recorder.replace(fs as unknown as Calls, recorder.direct(), UNSEEN);
    recorder.replace(fs.promises as unknown as Calls, recorder.promised(), UNSEEN);
    recorder.replace(handles, recorder.ofHandles(), new Set([...UNSEEN, ...UNSEEN_OF_HANDLES]));
    recorder.replaceExchange();
    syncBuiltinESMExports();
    return recorder;
  }

  uninstall(): void {
    for (const undo of this.undo.splice(0).reverse()) undo();
    syncBuiltinESMExports();
  }

  /** Records what `work` does below `root`, even if it fails. */
  async record(root: string, timing: FlushTiming, work: () => Promise<unknown>): Promise<Recording> {
    if (this.recording !== undefined) throw new Error('there is a recording already');
    this.root = resolve(root);
    const before = FileTree.read(root);
    const recording = { before: before.clone(), operations: [], after: before };
    this.recording = recording;
    this.timing = timing;
    try {
      await work();
    } finally {
      this.recording = undefined;
      this.descriptors.clear();
    }
    return recording;
  }

  /** Number of operations so far, while {@link record} runs. */
  get operations(): number {
    return this.recording?.operations.length ?? 0;
  }

  private replace(owner: Calls, known: Record<string, (original: Call) => Call>, unseen: ReadonlySet<string>): void {
    for (const name of Object.getOwnPropertyNames(owner)) {
      const { value } = Object.getOwnPropertyDescriptor(owner, name)!;
      if (typeof value !== 'function' || unseen.has(name) || NO_CALLS.has(name)) continue;
      const original = value as Call;
      const make = known[name];
      owner[name] = make === undefined ? this.refusal(name, original) : make(original);
      // `util.promisify` finds the result with two values here.
      for (const symbol of Object.getOwnPropertySymbols(original)) {
        Object.defineProperty(owner[name], symbol, Object.getOwnPropertyDescriptor(original, symbol)!);
      }
      this.undo.push(() => {
        owner[name] = original;
      });
    }
  }

  private refusal(name: string, original: Call): Call {
    const recorder = this;
    return function (this: unknown, ...args) {
      const files = [this, ...args].some((arg) => recorder.isSeen(arg));
      if (files && recorder.depth === 0) throw new Error(`the recorder of file operations does not know ${name}`);
      return original.apply(this, args);
    };
  }

  private isSeen(argument: unknown): boolean {
    if (this.recording === undefined) return false;
    if (typeof argument === 'string') return this.pathOf(argument) !== undefined;
    if (typeof argument === 'number') return this.descriptors.has(argument);
    return typeof argument === 'object' && argument !== null && this.handles.has(argument as FileHandle);
  }

  private direct(): Record<string, (original: Call) => Call> {
    const changes = this.changes();
    const direct: Record<string, (original: Call) => Call> = {
      openSync: (original) => (path, flags, mode) => {
        const fd = original(path, flags, mode);
        if (this.depth === 0) this.keep(fd, this.noteOpening(path, flags));
        return fd;
      },
      // Read streams open with it.
      open: (original) => (path, flags, mode, done) => {
        if (this.pathOf(path) !== undefined && opensToChange(flags))
          throw new Error('the recorder of file operations does not know open for writing with a callback');
        return original(path, flags, mode, done);
      },
      closeSync: (original) => (fd) => {
        this.descriptors.delete(fd);
        return original(fd);
      },
      close: (original) => (fd, done) => {
        this.descriptors.delete(fd);
        return original(fd, done);
      },
      writeSync:
        (original) =>
        (fd, ...args) => {
          const written = original(fd, ...args);
          if (this.depth === 0) this.noteWriting(this.descriptors.get(fd), args, written);
          return written;
        },
      ftruncateSync: (original) => (fd, length) => {
        original(fd, length);
        this.noteTruncation(this.descriptors.get(fd), length);
      },
      fsync: (original) => this.flushWithCallback(original),
      fdatasync: (original) => this.flushWithCallback(original),
      fsyncSync: (original) => (fd) => this.flushNow(original, fd),
      fdatasyncSync: (original) => (fd) => this.flushNow(original, fd),
    };
    for (const [name, note] of Object.entries(changes)) {
      direct[`${name}Sync`] =
        (original) =>
        (...args) => {
          this.depth++;
          let result: unknown;
          try {
            result = original(...args);
          } finally {
            this.depth--;
          }
          if (this.depth === 0) note(args, result);
          return result;
        };
    }
    return direct;
  }

  private promised(): Record<string, (original: Call) => Call> {
    const promised: Record<string, (original: Call) => Call> = {
      open: (original) => async (path, flags, mode) => {
        const handle: FileHandle = await original(path, flags, mode);
        const opened = this.noteOpening(path, flags);
        this.keep(handle.fd, opened);
        if (opened !== undefined) this.handles.set(handle, opened);
        return handle;
      },
    };
    for (const [name, note] of Object.entries(this.changes())) {
      promised[name] =
        (original) =>
        async (...args) => {
          const result = await original(...args);
          note(args, result);
          return result;
        };
    }
    return promised;
  }

  /** The changes that have the same arguments with and without a promise. */
  private changes(): Record<string, (args: unknown[], result: unknown) => void> {
    return {
      mkdir: ([path]) => this.noteDirectory(path),
      mkdtemp: (_, path) => this.noteDirectory(path),
      rename: ([from, to]) => this.noteMove('rename', from, to),
      link: ([from, to]) => this.noteLink(from, to),
      unlink: ([path]) => this.noteRemoval(path),
      rmdir: ([path]) => this.noteRemoval(path),
      rm: ([path]) => this.noteRemoval(path),
      writeFile: ([path, content, options]) => {
        const opened = this.noteOpening(path, (options as { flag?: string })?.flag ?? 'w');
        this.noteContent(opened, content);
      },
    };
  }

  private ofHandles(): Record<string, (original: Call) => Call> {
    const recorder = this;
    const opened = (handle: unknown) => recorder.handles.get(handle as FileHandle);
    return {
      write: (original) =>
        async function (this: FileHandle, ...args) {
          const copy = opened(this) === undefined ? args : withCopiedBytes(args);
          const result = await original.apply(this, args);
          recorder.noteWriting(opened(this), copy, result.bytesWritten);
          return result;
        },
      writeFile: (original) =>
        async function (this: FileHandle, content, ...rest) {
          await original.call(this, content, ...rest);
          recorder.noteContent(opened(this), content);
        },
      truncate: (original) =>
        async function (this: FileHandle, length = 0) {
          await original.call(this, length);
          recorder.noteTruncation(opened(this), length);
        },
      sync: (original) =>
        async function (this: FileHandle) {
          return await recorder.flush(opened(this), this.fd, () => original.call(this));
        },
      datasync: (original) =>
        async function (this: FileHandle) {
          return await recorder.flush(opened(this), this.fd, () => original.call(this));
        },
      close: (original) =>
        function (this: FileHandle) {
          recorder.descriptors.delete(this.fd);
          return original.call(this);
        },
    };
  }

  /** The exchange of two names, which Node itself cannot do. */
  private replaceExchange(): void {
    const binding = createRequire(import.meta.url)('fs-native-extensions') as { swap: Call };
    const { swap } = binding;
    binding.swap = async (from, to) => {
      await swap(from, to);
      this.noteMove('exchange', from, to);
    };
    this.undo.push(() => {
      binding.swap = swap;
    });
  }

  private async flush(file: OpenFile | undefined, fd: number, original: () => Promise<void>): Promise<void> {
    if (file === undefined || this.recording === undefined) return await original();
    if (this.timing === 'at-once') return fs.fsyncSync(fd);
    const covers = this.operations;
    await original();
    await sleep(LATE_MS);
    this.noteFlush(file, covers);
  }

  private flushWithCallback(original: Call): Call {
    return (fd: number, done: (error: unknown) => void) => {
      const flush = () =>
        new Promise<void>((resolve, reject) => original(fd, (error: unknown) => (error ? reject(error) : resolve())));
      void this.flush(this.descriptors.get(fd), fd, flush).then(() => done(null), done);
    };
  }

  private flushNow(original: Call, fd: number): void {
    const covers = this.operations;
    original(fd);
    this.noteFlush(this.descriptors.get(fd), covers);
  }

  private keep(fd: number, file: OpenFile | undefined): void {
    if (file === undefined) this.descriptors.delete(fd);
    else this.descriptors.set(fd, file);
  }

  /** Below the root, with `/`; undefined if it is elsewhere or nothing is recorded. */
  private pathOf(path: unknown): string | undefined {
    if (this.recording === undefined || typeof path !== 'string') return undefined;
    const below = relative(this.root, resolve(path));
    return below === '..' || below.startsWith(`..${sep}`) ? undefined : below.split(sep).join('/');
  }

  private add(operation: FileOperation): void {
    this.recording!.operations.push(operation);
    this.recording!.after.apply(operation);
  }

  private entryAt(path: string): Entry {
    const entry = this.recording!.after.entryAt(path);
    if (entry === undefined) throw new Error(`the recorder has missed how ${path} came to be`);
    return entry;
  }

  private noteOpening(place: unknown, flags: string | number = 'r'): OpenFile | undefined {
    const path = this.pathOf(place);
    if (path === undefined) return undefined;
    const { after } = this.recording!;
    let inode = after.inodeAt(path);
    if (inode === undefined) {
      inode = after.newInode();
      this.add({ kind: 'create', at: this.entryAt(path), inode, path });
    } else if (empties(flags) && after.sizeOf(inode) > 0) {
      this.add({ kind: 'truncate', inode, length: 0, path });
    }
    return { inode, path, position: String(flags).startsWith('a') ? after.sizeOf(inode) : 0 };
  }

  private noteWriting(file: OpenFile | undefined, args: readonly unknown[], written: number): void {
    if (file === undefined || this.recording === undefined) return;
    const { bytes, position } = readWriteArguments(args);
    const offset = position ?? file.position;
    if (position === undefined) file.position += written;
    this.add({
      kind: 'write',
      inode: file.inode,
      offset,
      bytes: Buffer.from(bytes.subarray(0, written)),
      path: file.path,
    });
  }

  private noteContent(file: OpenFile | undefined, content: unknown): void {
    const bytes = typeof content === 'string' ? Buffer.from(content) : (content as Uint8Array);
    if (bytes.length > 0) this.noteWriting(file, [bytes], bytes.length);
  }

  private noteTruncation(file: OpenFile | undefined, length: number): void {
    if (file === undefined || this.recording === undefined) return;
    this.add({ kind: 'truncate', inode: file.inode, length, path: file.path });
  }

  private noteFlush(file: OpenFile | undefined, covers: number): void {
    if (file === undefined || this.recording === undefined) return;
    const { inode, path } = file;
    this.add({ kind: 'sync', inode, isDirectory: this.recording.after.isDirectory(inode), covers, path });
  }

  /** Includes the missing parents. */
  private noteDirectory(place: unknown): void {
    const path = this.pathOf(place);
    if (path === undefined) return;
    const { after } = this.recording!;
    const parts = path.split('/');
    for (let count = 1; count <= parts.length; count++) {
      const made = parts.slice(0, count).join('/');
      if (after.inodeAt(made) !== undefined) continue;
      this.add({ kind: 'makeDirectory', at: this.entryAt(made), inode: after.newInode(), path: made });
    }
  }

  private noteMove(kind: 'rename' | 'exchange', source: unknown, target: unknown): void {
    const [path, toPath] = [this.pathOf(source), this.pathOf(target)];
    if (path === undefined && toPath === undefined) return;
    if (path === undefined || toPath === undefined) throw new Error(`moved out of what is recorded, or in: ${source}`);
    this.add({ kind, from: this.entryAt(path), to: this.entryAt(toPath), path, toPath });
  }

  private noteLink(source: unknown, target: unknown): void {
    const [path, toPath] = [this.pathOf(source), this.pathOf(target)];
    if (toPath === undefined) return;
    const inode = this.recording!.after.inodeAt(path!)!;
    this.add({ kind: 'link', at: this.entryAt(toPath), inode, path: toPath });
  }

  /** Content is removed first. Nothing is noted if it did not exist. */
  private noteRemoval(place: unknown): void {
    const path = this.pathOf(place);
    if (path === undefined || fs.existsSync(place as string)) return;
    const { after } = this.recording!;
    const inode = after.inodeAt(path);
    if (inode === undefined) return;
    const isDirectory = after.isDirectory(inode);
    if (isDirectory) for (const name of after.list(inode)) this.noteRemoval(`${place}/${name}`);
    this.add({ kind: 'remove', at: this.entryAt(path), inode, isDirectory, path });
  }
}

function opensToChange(flags: string | number = 'r'): boolean {
  if (typeof flags === 'string') return flags !== 'r' && flags !== 'rs';
  return (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT)) !== 0;
}

function empties(flags: string | number): boolean {
  return typeof flags === 'string' ? flags.startsWith('w') : (flags & fs.constants.O_TRUNC) !== 0;
}

function withCopiedBytes(args: readonly unknown[]): unknown[] {
  const [content, ...rest] = args;
  return [content instanceof Uint8Array ? Buffer.from(content) : content, ...rest];
}

/** `(bytes, offset?, length?, position?)`, `(bytes, options?)` or `(text, position?, encoding?)`. */
function readWriteArguments(args: readonly unknown[]): { bytes: Uint8Array; position: number | undefined } {
  const [content, first, length, position] = args as [Uint8Array | string, unknown, unknown, unknown];
  if (typeof content === 'string') {
    return { bytes: Buffer.from(content, length as BufferEncoding), position: asPosition(first) };
  }
  const options = typeof first === 'object' && first !== null ? (first as Record<string, unknown>) : undefined;
  const offset = Number(options?.offset ?? (options ? 0 : (first ?? 0)));
  const count = Number((options ? options.length : length) ?? content.length - offset);
  return {
    bytes: content.subarray(offset, offset + count),
    position: asPosition(options ? options.position : position),
  };
}

function asPosition(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined;
}
