import { blockTypes, readBlockBoolean, readBlockType } from '../records/property-block-layout.ts';
import type { IndexFolders } from './index-provider.ts';
import { LONGEST_QUICK_KEY, numberTypeOfBlock } from './keys/block-values.ts';
import { writeGenericBoolean, writeGenericNumber, writeGenericText } from './keys/generic-key.ts';
import { writeNumberKey } from './keys/number-key.ts';
import { writeTextKey } from './keys/text-key.ts';

/**
 * Makes index keys of single values straight from the blocks of a property record, without decoding. The bytes equal those of `locateKey`,
 * which `quick-key.test.ts` verifies. Handles the common values only: numbers, booleans, short texts; {@link make} declines all others.
 */
export class QuickKey {
  readonly bytes = new Uint8Array(LONGEST_QUICK_KEY);
  length = 0;
  /** The file of the key, relative to the store directory; undefined if the value is in the Lucene part. */
  path: string | undefined;
  private readonly folders: IndexFolders;

  constructor(folders: IndexFolders) {
    this.folders = folders;
  }

  /** Makes the key of an entity for the value whose first block is at `offset`. Returns false if the general way is needed. */
  make(entity: number, blocks: Uint8Array, offset: number): boolean {
    const { bytes } = this;
    const { generic, numbers, texts } = this.folders;
    const type = readBlockType(blocks, offset);
    if (type === blockTypes.shortString) {
      const write = generic === undefined ? writeTextKey : writeGenericText;
      const length = write(bytes, entity, blocks, offset);
      return length >= 0 && this.put(length, generic ?? texts);
    }
    const number = numberTypeOfBlock(type);
    if (number >= 0) {
      const write = generic === undefined ? writeNumberKey : writeGenericNumber;
      return this.put(write(bytes, entity, number, blocks, offset), generic ?? numbers);
    }
    if (type !== blockTypes.boolean) return false;
    return this.put(writeGenericBoolean(bytes, entity, readBlockBoolean(blocks, offset)), generic);
  }

  private put(length: number, path: string | undefined): true {
    this.length = length;
    this.path = path;
    return true;
  }
}
