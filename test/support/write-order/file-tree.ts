import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry, FileOperation } from './file-operations.ts';

/** The root of every tree. */
const ROOT = 1;

/** Directories and files in memory, by inode. Operations may apply to something that has no name (yet): it exists, but is invisible. */
export class FileTree {
  private readonly directories = new Map<number, Map<string, number>>([[ROOT, new Map()]]);
  private readonly contents = new Map<number, Buffer>();
  /** Contents that no other tree shares: they may be changed in place. */
  private owned = new Set<number>();
  private lastInode = ROOT;

  /** The content of a directory on disk: files and directories only. */
  static read(path: string): FileTree {
    const tree = new FileTree();
    tree.readInto(path, ROOT);
    return tree;
  }

  private readInto(path: string, directory: number): void {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const inode = this.newInode();
      this.namesIn(directory).set(entry.name, inode);
      const child = join(path, entry.name);
      if (entry.isDirectory()) {
        this.directories.set(inode, new Map());
        this.readInto(child, inode);
      } else if (entry.isFile()) this.contents.set(inode, readFileSync(child));
      else throw new Error(`the recorder knows only files and directories: ${child}`);
    }
  }

  newInode(): number {
    this.lastInode++;
    return this.lastInode;
  }

  clone(): FileTree {
    const copy = new FileTree();
    for (const [inode, names] of this.directories) copy.directories.set(inode, new Map(names));
    for (const [inode, content] of this.contents) copy.contents.set(inode, content);
    copy.lastInode = this.lastInode;
    this.owned = new Set();
    return copy;
  }

  /** The entry of a path below the root (with `/`); undefined if its directory does not exist, or for the root itself. */
  entryAt(path: string): Entry | undefined {
    const parts = path.split('/');
    const name = parts.pop()!;
    let directory = ROOT;
    for (const part of parts) {
      const inode = this.directories.get(directory)?.get(part);
      if (inode === undefined || !this.isDirectory(inode)) return undefined;
      directory = inode;
    }
    return { directory, name };
  }

  inodeAt(path: string): number | undefined {
    if (path === '') return ROOT;
    const entry = this.entryAt(path);
    return entry && this.directories.get(entry.directory)?.get(entry.name);
  }

  isDirectory(inode: number): boolean {
    return this.directories.has(inode);
  }

  sizeOf(inode: number): number {
    return this.contentOf(inode).length;
  }

  contentOf(inode: number): Buffer {
    return this.contents.get(inode) ?? Buffer.alloc(0);
  }

  replaceContent(inode: number, content: Buffer): void {
    this.own(inode, content);
  }

  /** Names in a directory, sorted. */
  list(inode: number): string[] {
    return [...(this.directories.get(inode)?.keys() ?? [])].sort();
  }

  apply(operation: FileOperation): void {
    switch (operation.kind) {
      case 'makeDirectory':
        this.directories.set(operation.inode, this.directories.get(operation.inode) ?? new Map());
        this.set(operation.at, operation.inode);
        return;
      case 'create':
        if (!this.contents.has(operation.inode)) this.contents.set(operation.inode, Buffer.alloc(0));
        this.set(operation.at, operation.inode);
        return;
      case 'link':
        this.set(operation.at, operation.inode);
        return;
      case 'remove':
        this.namesIn(operation.at.directory).delete(operation.at.name);
        return;
      case 'rename':
      case 'exchange': {
        const [from, to] = [this.get(operation.from), this.get(operation.to)];
        this.set(operation.to, from!);
        if (operation.kind === 'exchange') this.set(operation.from, to!);
        else this.namesIn(operation.from.directory).delete(operation.from.name);
        return;
      }
      case 'write':
        this.write(operation.inode, operation.offset, operation.bytes);
        return;
      case 'truncate':
        this.resize(operation.inode, operation.length);
        return;
      case 'sync':
        return;
    }
  }

  private get({ directory, name }: Entry): number | undefined {
    return this.directories.get(directory)?.get(name);
  }

  private set({ directory, name }: Entry, inode: number): void {
    this.namesIn(directory).set(name, inode);
  }

  private namesIn(directory: number): Map<string, number> {
    let names = this.directories.get(directory);
    if (names === undefined) {
      names = new Map();
      this.directories.set(directory, names);
    }
    return names;
  }

  private write(inode: number, offset: number, bytes: Buffer): void {
    if (bytes.length === 0) return;
    const end = offset + bytes.length;
    if (end > this.sizeOf(inode)) this.resize(inode, end);
    if (!this.owned.has(inode)) this.own(inode, Buffer.from(this.contents.get(inode)!));
    bytes.copy(this.contents.get(inode)!, offset);
  }

  private resize(inode: number, length: number): void {
    const content = Buffer.alloc(length);
    this.contents.get(inode)?.copy(content);
    this.own(inode, content);
  }

  private own(inode: number, content: Buffer): void {
    this.contents.set(inode, content);
    this.owned.add(inode);
  }

  /** Everything that has a name, by path; directories end with `/`. */
  *walk(directory = ROOT, prefix = ''): Generator<[path: string, content: Buffer | undefined]> {
    for (const name of this.list(directory)) {
      const inode = this.directories.get(directory)!.get(name)!;
      if (this.isDirectory(inode)) {
        yield [`${prefix}${name}/`, undefined];
        yield* this.walk(inode, `${prefix}${name}/`);
      } else yield [`${prefix}${name}`, this.contentOf(inode)];
    }
  }

  /** Equal for trees that look the same. */
  digest(): string {
    const hash = createHash('sha1');
    for (const [path, content] of this.walk()) {
      hash.update(`${path}\0${content?.length ?? ''}\0`);
      if (content !== undefined) hash.update(content);
    }
    return hash.digest('base64');
  }

  /** Makes a directory on disk look like this, whatever was there. */
  layOut(root: string): void {
    rmSync(root, { recursive: true, force: true });
    mkdirSync(root, { recursive: true });
    for (const [path, content] of this.walk()) {
      if (content === undefined) mkdirSync(join(root, path), { mode: 0o700 });
      else writeFileSync(join(root, path), content, { mode: 0o600 });
    }
  }
}
