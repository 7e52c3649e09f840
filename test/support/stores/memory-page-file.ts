import { type PageFile, truncated } from '../../../src/store/tree/page/page-file.ts';

type Event = { kind: 'write'; position: number; bytes: Uint8Array } | { kind: 'sync' };

/** A page file in memory that records every write and every sync, to show what a crash may leave. */
export class MemoryPageFile implements PageFile {
  readonly path = '/memory/tree';
  readonly events: Event[] = [];
  private readonly original: Uint8Array;
  /** With room after {@link length}. */
  private content: Uint8Array;
  private length: number;

  constructor(content: Uint8Array) {
    // Not slice(): that of a Buffer is a view of the same bytes.
    this.original = new Uint8Array(content);
    this.content = new Uint8Array(content);
    this.length = content.length;
  }

  sizeBytes(): number {
    return this.length;
  }

  read(target: Uint8Array, position: number): void {
    if (position + target.length > this.length) throw truncated(this.path, position);
    target.set(this.content.subarray(position, position + target.length));
  }

  write(source: Uint8Array, position: number): void {
    const bytes = new Uint8Array(source);
    this.events.push({ kind: 'write', position, bytes });
    this.ensureCapacity(position + bytes.length);
    this.content.set(bytes, position);
    this.length = Math.max(this.length, position + bytes.length);
  }

  private ensureCapacity(bytes: number): void {
    if (bytes <= this.content.length) return;
    const grown = new Uint8Array(Math.max(bytes, 2 * this.content.length));
    grown.set(this.content);
    this.content = grown;
  }

  async sync(): Promise<void> {
    this.events.push({ kind: 'sync' });
  }

  close(): void {}

  bytes(): Uint8Array {
    return new Uint8Array(this.content.subarray(0, this.length));
  }

  /**
   * The file after a crash before event `end`: everything up to the last sync before it, plus those later writes that `survives` selects,
   * each up to the returned number of bytes (0 = lost).
   */
  afterCrash(end: number, survives: (bytes: Uint8Array, index: number) => number): Uint8Array {
    let synced = end;
    while (synced > 0 && this.events[synced - 1]!.kind !== 'sync') synced--;
    let content: Uint8Array = new Uint8Array(this.original);
    for (let i = 0; i < end; i++) {
      const event = this.events[i]!;
      if (event.kind === 'sync') continue;
      const length = i < synced ? event.bytes.length : Math.min(event.bytes.length, survives(event.bytes, i));
      if (length > 0) content = apply(content, event.position, event.bytes.subarray(0, length));
    }
    return content;
  }
}

function apply(content: Uint8Array, position: number, bytes: Uint8Array): Uint8Array {
  const end = position + bytes.length;
  let target: Uint8Array = content;
  if (end > content.length) {
    target = new Uint8Array(end);
    target.set(content);
  }
  target.set(bytes, position);
  return target;
}
