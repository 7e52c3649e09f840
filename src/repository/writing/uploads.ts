import { hasCode } from '../../base/errors.ts';
import type { ObjectStore } from '../../objects/object-store.ts';
import type { SealedObject } from '../seal/pool/object-in-progress.ts';

/** Requests at the same time. */
const SLOTS = 3;

/** Sends sealed objects to a store, a few at a time, and gives their memory back. After a failure every call throws its cause. */
export class Uploads {
  private readonly store: ObjectStore;
  private readonly signal: AbortSignal;
  private readonly running = new Set<Promise<void>>();
  private failure: { error: unknown } | undefined;

  constructor(store: ObjectStore, signal: AbortSignal) {
    this.store = store;
    this.signal = signal;
  }

  /**
   * Begins to send an object, once there is a slot. Its key names its content: if it is there, an earlier run has sent it. `onStored`:
   * called once it is there.
   */
  async send(key: string, object: SealedObject, onStored = () => {}): Promise<void> {
    while (this.running.size >= SLOTS && this.failure === undefined) await Promise.race(this.running);
    if (this.failure !== undefined) {
      object.release();
      throw this.failure.error;
    }
    const upload = this.upload(key, object, onStored).finally(() => this.running.delete(upload));
    this.running.add(upload);
  }

  /** Waits until nothing is sent any more, whether it arrived or not. */
  async end(): Promise<void> {
    while (this.running.size > 0) await Promise.race(this.running);
  }

  /** Waits until every object is there. */
  async settle(): Promise<void> {
    await this.end();
    if (this.failure !== undefined) throw this.failure.error;
  }

  private async upload(key: string, { bytes, sha256, release }: SealedObject, onStored: () => void): Promise<void> {
    try {
      await this.store.create(key, bytes, sha256, {}, this.signal);
      onStored();
    } catch (error) {
      if (await this.isThere(error, key, bytes.length)) onStored();
      else this.failure ??= { error };
    } finally {
      release();
    }
  }

  private async isThere(error: unknown, key: string, size: number): Promise<boolean> {
    if (!hasCode(error, 'object.exists')) return false;
    try {
      return (await this.store.stat(key, this.signal))?.size === size;
    } catch {
      // The first error is the one to tell.
      return false;
    }
  }
}
