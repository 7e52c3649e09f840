import type { Dice } from '../random/dice.ts';
import { type ComposedLog, MemoryLog } from './composed-log.ts';

/**
 * A log that grows while it is read, as that of a running server: the newest file is full of zeros, into which bytes are written piece by
 * piece; at a rotation they are cut off, before or after the next file gets its header.
 */
export class GrowingLog extends MemoryLog {
  private readonly steps: (() => void)[] = [];
  private readonly dice: Dice;

  constructor(log: ComposedLog, dice: Dice) {
    super(new Map());
    this.dice = dice;
    const versions = [...log.files.keys()];
    const { format, segmentBytes } = log.form;
    const headerBytes = format === 10 ? segmentBytes : format === 7 ? 64 : 128;
    versions.forEach((version, index) => {
      this.planFile(version, log.files.get(version)!, headerBytes, () => this.cutFile(log, versions[index - 1]));
    });
    // The first file has its header from the beginning.
    for (let step = 0; step < 4; step++) this.grow();
    this.beforeRead = () => {
      while (dice.chance(0.7)) this.grow();
    };
  }

  get isComplete(): boolean {
    return this.steps.length === 0;
  }

  /** The next thing that the server does. */
  grow(): void {
    this.steps.shift()?.();
  }

  private planFile(version: number, content: Buffer, headerBytes: number, cutPrevious: () => void): void {
    const { dice, steps, files } = this;
    const length = content.length + dice.pick([0, 500, 20_000]);
    const create = () => files.set(version, Buffer.alloc(length));
    // A reader may see the header in the middle of being written.
    const half = dice.below(headerBytes);
    const begin = () => content.copy(files.get(version)!, 0, 0, half);
    const writeHeader = () => content.copy(files.get(version)!, 0, 0, headerBytes);
    steps.push(create, ...(dice.chance(0.5) ? [cutPrevious, begin, writeHeader] : [begin, writeHeader, cutPrevious]));
    for (let at = headerBytes; at < content.length; ) {
      const from = at;
      const to = Math.min(content.length, from + dice.pick([1, 2, 20, 500, 5000]));
      steps.push(() => content.copy(files.get(version)!, from, from, to));
      at = to;
    }
  }

  private cutFile({ files }: ComposedLog, version: number | undefined): void {
    if (version === undefined) return;
    this.files.set(version, this.files.get(version)!.subarray(0, files.get(version)!.length));
  }
}
