import type { Dice } from '../../../src/base/dice.ts';
import type { ValueKinds } from './property-values.ts';

/** Ids the load believes to exist. Removing takes a random one. */
export class IdPool {
  private readonly ids: number[] = [];

  get size(): number {
    return this.ids.length;
  }

  add(id: number): void {
    this.ids.push(id);
  }

  pick(dice: Dice): number | undefined {
    return this.ids.length === 0 ? undefined : dice.pick(this.ids);
  }

  take(dice: Dice): number | undefined {
    if (this.ids.length === 0) return undefined;
    const index = dice.between(0, this.ids.length - 1);
    const id = this.ids[index]!;
    const last = this.ids.pop()!;
    if (index < this.ids.length) this.ids[index] = last;
    return id;
  }
}

/** Shared by operations. */
export interface LoadState {
  readonly kinds: ValueKinds;
  readonly indexedKinds: ValueKinds;
  readonly nodes: IdPool;
  readonly relationships: IdPool;
  /** Nodes in an explicit index. */
  readonly filed: IdPool;
  /** Nodes kept dense. */
  readonly hubs: number[];
  nextUid: number;
  nextToken: number;
}
