import { createHash } from 'node:crypto';

const DAY_MS = 24 * 60 * 60 * 1000;
const PERCENT = 100;

/**
 * Which objects are read if not all of them are: another part every day, and after 100 / `percent` days in a row each of them once. An
 * object always has the same place in that order, so no list of what was read has to be kept.
 */
export class ObjectShare {
  /** 1 to 100. */
  readonly percent: number;
  private readonly start: number;

  /** `day`: any time of it, in UTC. */
  constructor(percent: number, day: Date) {
    this.percent = percent;
    this.start = (Math.floor(day.getTime() / DAY_MS) * percent) % PERCENT;
  }

  includes(key: string): boolean {
    const place = (createHash('sha256').update(key).digest().readUInt32BE(0) / 2 ** 32) * PERCENT;
    return (place - this.start + PERCENT) % PERCENT < this.percent;
  }
}

export const EVERY_OBJECT = new ObjectShare(PERCENT, new Date(0));
