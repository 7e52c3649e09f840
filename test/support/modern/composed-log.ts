import { crc32c } from '@node-rs/crc32';
import type { LogPosition } from '../../../src/log/log-position.ts';
import type { LogSource } from '../../../src/log/log-source.ts';
import type { LoggedTransaction } from '../../../src/log/modern/fields/logged-transaction.ts';
import type { Dice } from '../random/dice.ts';

/*
 * Composes logs of every format as a server would (docs/formats/modern-logs.md), with contents that look like commits, so that readers can
 * be tested on logs that no server has written yet. Shares no layout with the readers.
 */

export interface LogForm {
  readonly format: 7 | 8 | 9 | 10;
  readonly kernelVersion: number;
  /** Format 10 only. */
  readonly segmentBytes: number;
}

/** Every pair of a format and a kernel version that servers write. */
export const LOG_FORMS: readonly LogForm[] = [
  ...range(2, 4).map((kernelVersion) => ({ format: 7 as const, kernelVersion, segmentBytes: 0 })),
  ...range(5, 16).map((kernelVersion) => ({ format: 8 as const, kernelVersion, segmentBytes: 0 })),
  ...range(17, 32).map((kernelVersion) => ({ format: 9 as const, kernelVersion, segmentBytes: 0 })),
  ...range(29, 32).map((kernelVersion) => ({ format: 10 as const, kernelVersion, segmentBytes: 1024 })),
];

export interface ComposedLog {
  readonly files: ReadonlyMap<number, Buffer>;
  readonly transactions: readonly LoggedTransaction[];
  /** Behind the last transaction. */
  readonly end: LogPosition;
  readonly form: LogForm;
}

/** What a transaction is made of. */
interface Draft {
  readonly id: number;
  readonly startTime: number;
  readonly commitTime: number;
  readonly additional: Buffer;
  readonly commands: Buffer;
  readonly lastCommitted: number;
}

const FIRST_CHECKSUM = 0xdead5eed;
/** Of 5.0 and later, without the zeros at its end. */
export const STORE_ID = Buffer.from('01000001a2029b710adabeff3453c602de067265636f726407616c69676e65640101', 'hex');

/** Of 4.x: the transaction of the last upgrade comes last. */
const STORE_ID_OF_4 = Buffer.from(
  '000001a2029f349ff1f7f6c2e42d1217302e332e34464107000001a2029f349f0000000000000001',
  'hex',
);

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** A random log: some files, some of them empty, transactions of all sizes and a first file that need not be 0. */
export function composeLog(dice: Dice, form: LogForm, transactions = dice.between(1, 12)): ComposedLog {
  const version = dice.pick([0, 0, 1, 17, 300]);
  const firstId = version === 0 ? 2 : dice.between(2, 9000);
  const writer =
    form.format === 10 ? new EnvelopeWriter(form, version, firstId) : new EntryWriter(form, version, firstId);
  for (let id = firstId; id < firstId + transactions; id++) {
    while (form.format !== 10 && dice.chance(0.25)) writer.rotate();
    writer.append(draftTransaction(dice, form, id), () => dice.chance(0.4));
  }
  return writer.finish();
}

function draftTransaction(dice: Dice, form: LogForm, id: number): Draft {
  const commitTime = 1_795_340_000_000 + id * 50 + dice.between(-200, 200);
  return {
    id,
    startTime: commitTime - dice.below(9000),
    commitTime,
    additional: Buffer.alloc(dice.pick([0, 0, 8, 3]), id),
    commands: draftCommands(dice, form, id),
    lastCommitted: Math.max(1, id - dice.between(1, 4)),
  };
}

/** Bytes that are as bad as possible: pieces of commits and of starts with right and wrong ids, zeros, noise. */
function draftCommands(dice: Dice, { kernelVersion }: LogForm, id: number): Buffer {
  const parts: Buffer[] = [];
  for (let left = dice.pick([0, 1, 3, 10, 60]); left > 0; left--) {
    switch (dice.below(6)) {
      case 0:
        parts.push(decoyCommit(dice, kernelVersion, id));
        break;
      case 1:
        parts.push(Buffer.alloc(dice.below(60), Buffer.of(kernelVersion, 5)));
        break;
      case 2:
        parts.push(Buffer.alloc(dice.below(300)));
        break;
      case 3:
        parts.push(Buffer.of(kernelVersion, 1), Buffer.alloc(dice.below(40), id));
        break;
      case 4:
        parts.push(decoyCommit(dice, kernelVersion, id).subarray(0, dice.below(22)));
        break;
      default:
        parts.push(Buffer.from(range(1, dice.between(1, 400)).map(() => dice.below(256))));
    }
  }
  return Buffer.concat(parts);
}

/** A commit entry with a wrong checksum; the id is one that could stand here. */
function decoyCommit(dice: Dice, kernelVersion: number, id: number): Buffer {
  const numbers = new Numbers(kernelVersion >= 5);
  const close = dice.pick([id, id + 1, id - 1, id + 1000]);
  return Buffer.concat([
    Buffer.of(kernelVersion, 5),
    numbers.i64(close),
    numbers.i64(1_795_340_000_000),
    numbers.u32(dice.below(2 ** 32)),
  ]);
}

/** Encodes in one byte order. */
class Numbers {
  private readonly little: boolean;

  constructor(little: boolean) {
    this.little = little;
  }

  i64(value: number): Buffer {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(BigInt(value));
    return this.little ? bytes.reverse() : bytes;
  }

  u32(value: number): Buffer {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return this.little ? bytes.reverse() : bytes;
  }
}

const big = new Numbers(false);
const little = new Numbers(true);

function firstHeaderBytes(form: LogForm, version: number): Buffer {
  return Buffer.concat([Buffer.of(form.format), big.i64(version).subarray(1)]);
}

function padded(parts: readonly Buffer[], length: number): Buffer {
  return Buffer.concat(parts, length);
}

/** Formats 7 to 9. */
class EntryWriter {
  private readonly form: LogForm;
  private readonly files = new Map<number, Buffer[]>();
  private readonly transactions: LoggedTransaction[] = [];
  private version: number;
  private last: number;
  private checksum = FIRST_CHECKSUM;

  constructor(form: LogForm, version: number, firstId: number) {
    this.form = form;
    this.version = version;
    this.last = firstId - 1;
    this.begin();
  }

  rotate(): void {
    this.version++;
    this.begin();
  }

  append(draft: Draft): void {
    const { kernelVersion } = this.form;
    const numbers = new Numbers(kernelVersion >= 5);
    const previousChecksum = kernelVersion <= 21 ? this.checksum : undefined;
    const appendIndex = kernelVersion >= 17 ? draft.id : undefined;
    const bytes = Buffer.concat([
      Buffer.of(kernelVersion, 1),
      numbers.i64(draft.startTime),
      numbers.i64(draft.lastCommitted),
      ...(previousChecksum === undefined ? [] : [numbers.u32(previousChecksum)]),
      ...(appendIndex === undefined ? [] : [numbers.i64(appendIndex)]),
      ...(kernelVersion >= 30 ? [numbers.i64(-1)] : []),
      numbers.u32(draft.additional.length),
      draft.additional,
      draft.commands,
      Buffer.of(kernelVersion, 5),
      numbers.i64(draft.id),
      numbers.i64(draft.commitTime),
    ]);
    this.checksum = crc32c(bytes);
    const start = this.position();
    this.files.get(this.version)!.push(bytes, numbers.u32(this.checksum));
    this.last = draft.id;
    this.transactions.push({
      id: draft.id,
      commitTime: draft.commitTime,
      startTime: draft.startTime,
      checksum: this.checksum,
      start,
      end: this.position(),
      sizeBytes: bytes.length + 4,
      kernelVersion,
      appendIndex,
      previousChecksum,
      lastCommittedWhenStarted: draft.lastCommitted,
    });
  }

  finish(): ComposedLog {
    return { files: joined(this.files), transactions: this.transactions, end: this.position(), form: this.form };
  }

  private begin(): void {
    const { form, version, last } = this;
    const header = [
      firstHeaderBytes(form, version),
      big.i64(last),
      ...(form.format === 9 ? [big.i64(last)] : []),
      form.format === 7 ? STORE_ID_OF_4 : STORE_ID,
    ];
    this.files.set(version, [padded(header, form.format === 7 ? 64 : 128)]);
  }

  private position(): LogPosition {
    return { version: this.version, offset: lengthOf(this.files.get(this.version)!) };
  }
}

const ENVELOPE_BYTES = 31;

/** Format 10: goes on to another file at the border of a segment, also inside a transaction. */
class EnvelopeWriter {
  private readonly form: LogForm;
  private readonly files = new Map<number, Buffer[]>();
  private readonly transactions: LoggedTransaction[] = [];
  private version: number;
  private begun: number;
  private checksum = FIRST_CHECKSUM;

  constructor(form: LogForm, version: number, firstId: number) {
    this.form = form;
    this.version = version;
    this.begun = firstId - 1;
    this.begin();
  }

  rotate(): void {
    this.version++;
    this.begin();
  }

  append(draft: Draft, rotates: () => boolean): void {
    const { kernelVersion } = this.form;
    let payload = Buffer.concat([
      Buffer.of(1),
      little.i64(draft.startTime),
      little.i64(draft.lastCommitted),
      ...(kernelVersion >= 30 ? [little.i64(-1)] : []),
      little.u32(draft.additional.length),
      draft.additional,
      draft.commands,
      Buffer.of(5),
      little.i64(draft.id),
      little.i64(draft.commitTime),
    ]);
    let start: LogPosition | undefined;
    let sizeBytes = 0;
    while (payload.length > 0) {
      const room = this.makeRoom(rotates) - ENVELOPE_BYTES;
      const piece = payload.subarray(0, room);
      payload = payload.subarray(piece.length);
      const isLast = payload.length === 0;
      const type = start === undefined ? (isLast ? 1 : 2) : isLast ? 4 : 3;
      start ??= this.position();
      this.begun = draft.id;
      this.put(type, draft.id, piece);
      sizeBytes += ENVELOPE_BYTES + piece.length;
    }
    this.transactions.push({
      id: draft.id,
      commitTime: draft.commitTime,
      startTime: draft.startTime,
      checksum: this.checksum,
      start: start!,
      end: this.position(),
      sizeBytes,
      kernelVersion,
      appendIndex: draft.id,
      previousChecksum: undefined,
      lastCommittedWhenStarted: draft.lastCommitted,
    });
  }

  finish(): ComposedLog {
    return { files: joined(this.files), transactions: this.transactions, end: this.position(), form: this.form };
  }

  private put(type: number, appendIndex: number, payload: Buffer): void {
    const rest = Buffer.concat([
      Buffer.of(type),
      little.u32(payload.length),
      little.i64(appendIndex),
      Buffer.of(this.form.kernelVersion),
      little.u32(this.checksum),
      little.i64(0),
      Buffer.of(64),
      payload,
    ]);
    this.checksum = crc32c(rest);
    this.files.get(this.version)!.push(little.u32(this.checksum), rest);
  }

  /** Leaves a rest of a segment empty that is too small, and returns what is left of the present one. */
  private makeRoom(rotates: () => boolean): number {
    const { segmentBytes } = this.form;
    const { offset } = this.position();
    const left = segmentBytes - (offset % segmentBytes);
    if (left < 40) this.files.get(this.version)!.push(Buffer.alloc(left));
    else if (left < segmentBytes) return left;
    const isBehindHeader = this.position().offset === segmentBytes;
    if (!isBehindHeader && rotates()) this.rotate();
    return segmentBytes;
  }

  private begin(): void {
    const { form, version, begun, checksum } = this;
    const header = padded([firstHeaderBytes(form, version), big.i64(begun), STORE_ID], 80);
    const rest = [big.u32(form.segmentBytes), big.u32(checksum), big.i64(0), Buffer.of(form.kernelVersion)];
    this.files.set(version, [padded([header, ...rest], form.segmentBytes)]);
  }

  private position(): LogPosition {
    return { version: this.version, offset: lengthOf(this.files.get(this.version)!) };
  }
}

function lengthOf(parts: readonly Buffer[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function joined(files: ReadonlyMap<number, readonly Buffer[]>): Map<number, Buffer> {
  return new Map([...files].map(([version, parts]) => [version, Buffer.concat(parts)]));
}

/** Log files in memory. Change {@link files} as a server would change its files. */
export class MemoryLog implements LogSource {
  readonly files: Map<number, Buffer>;
  /** Called before every reading. */
  beforeRead: () => void = () => undefined;

  constructor(files: ReadonlyMap<number, Buffer>) {
    this.files = new Map(files);
  }

  get lowest(): number | undefined {
    return this.files.size === 0 ? undefined : Math.min(...this.files.keys());
  }

  get highest(): number | undefined {
    return this.files.size === 0 ? undefined : Math.max(...this.files.keys());
  }

  nameOf(version: number): string {
    return `neostore.transaction.db.${version}`;
  }

  sizeOf(version: number): number {
    return this.files.get(version)?.length ?? 0;
  }

  read(version: number, buffer: Buffer, at: number, length: number, position: number): number {
    if (at + length > buffer.length) throw new Error('read beyond the window');
    this.beforeRead();
    return (
      this.files
        .get(version)
        ?.subarray(position, position + length)
        .copy(buffer, at) ?? 0
    );
  }
}
