import { GraphkeepError } from '../../../base/errors.ts';
import type { TreeLayout } from './layout.ts';
import type { NodeFormat } from './node-format.ts';

/**
 * Checks the keys from a caller: right size, strictly ascending. Keys out of order would make a tree that silently misses some of them.
 * Keeps a copy, so that the caller may reuse its bytes.
 */
export class KeyCheck {
  private readonly file: string;
  private readonly layout: TreeLayout;
  private readonly format: NodeFormat;
  private last = new Uint8Array(64);
  private lastLength = -1;

  constructor(file: string, layout: TreeLayout, format: NodeFormat) {
    this.file = file;
    this.layout = layout;
    this.format = format;
  }

  check(key: Uint8Array): void {
    const { layout, last, lastLength } = this;
    if (layout.keys === 'fixed' ? key.length !== layout.keyBytes : key.length > this.format.maxKeyBytes) {
      throw this.misuse(`a key for a tree of layout ${layout.name} has a wrong size`, key.length);
    }
    if (lastLength >= 0 && layout.compare(last, 0, lastLength, key, 0, key.length) >= 0) {
      const observed = `${Buffer.from(key).toString('hex')} after ${Buffer.from(last.subarray(0, lastLength)).toString('hex')}`;
      throw this.misuse(`the keys for a tree of layout ${layout.name} do not ascend`, observed);
    }
    if (key.length > last.length) this.last = new Uint8Array(2 * key.length);
    this.last.set(key);
    this.lastLength = key.length;
  }

  private misuse(message: string, observed: number | string): GraphkeepError {
    const place = { file: this.file };
    return new GraphkeepError('internal', message, { place, observed });
  }
}
