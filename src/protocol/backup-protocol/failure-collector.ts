import { MAX_FAILURE_BYTES } from './limits.ts';

/** Collects the payload of a failure up to a limit and drops the rest. */
export class FailureCollector {
  private readonly parts: Buffer[] = [];
  private size = 0;

  append(bytes: Buffer): void {
    const kept = bytes.subarray(0, MAX_FAILURE_BYTES - this.size);
    if (kept.length > 0) this.parts.push(Buffer.from(kept));
    this.size += kept.length;
  }

  clear(): void {
    this.parts.length = 0;
    this.size = 0;
  }

  payload(): Buffer {
    return Buffer.concat(this.parts);
  }
}
