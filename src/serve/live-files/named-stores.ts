import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { atFile } from '../../base/file-errors.ts';
import { readDynamicImage } from '../../log/v3/commands/dynamic-record-image.ts';
import { readTokenImage } from '../../log/v3/commands/token-command.ts';
import { type DynamicOwner, IdleVisitor } from '../../log/v3/fields/transaction-visitor.ts';
import { walkTransaction } from '../../log/v3/transaction-walker.ts';
import { RecordWindow } from '../../replay/records/record-window.ts';
import { type AnyRecord, codecOf } from '../../replay/records/record-writer.ts';
import { type StoreKey, storeFile } from '../../store/files/store-files.ts';
import type { StoreFormat } from '../../store/files/store-format.ts';
import { createDynamicRecord } from '../../store/records/dynamic-record.ts';
import type { RecordCodec } from '../../store/records/record-codec.ts';
import type { TokenKind } from '../../store/records/token-record.ts';

const NAMED_STORES = [
  'schema',
  'label',
  'labelNames',
  'relationshipType',
  'relationshipTypeNames',
  'propertyKey',
  'propertyKeyNames',
] as const satisfies StoreKey[];

type NamedStore = (typeof NAMED_STORES)[number];

export const namedStoreFiles: ReadonlySet<string> = new Set(NAMED_STORES.map((key) => storeFile(key).fileName));

const STORE_OF_OWNER: Partial<Record<DynamicOwner, NamedStore>> = {
  labelNames: 'labelNames',
  typeNames: 'relationshipTypeNames',
  keyNames: 'propertyKeyNames',
  schema: 'schema',
};

/**
 * Copies the stores of names and of schema rules. 3.4 and early 3.5 read them before they recover anything (spec transaction-logs 10.2), so
 * unlike other records they must not be a mixture of old and new: {@link NamedStoreWriter} brings them to the end of the log. All of them
 * are small: a server holds them in memory.
 */
export async function copyNamedStores(directory: string, to: string): Promise<void> {
  for (const name of namedStoreFiles) {
    await atFile('copy the file', join(directory, name), () => copyFile(join(directory, name), join(to, name)));
  }
}

interface OpenStore {
  window: RecordWindow;
  codec: RecordCodec<AnyRecord>;
}

/** Writes the records of transactions to the copied stores, oldest first. */
export class NamedStoreWriter extends IdleVisitor {
  private readonly stores: Record<NamedStore, OpenStore>;
  private buffer: Buffer = Buffer.alloc(0);
  private readonly dynamicRecord = createDynamicRecord();
  private readonly tokenRecord = { id: 0, inUse: false, propertyCount: 0, nameId: 0 };

  constructor(folder: string, format: StoreFormat) {
    super();
    const open = (key: NamedStore): [NamedStore, OpenStore] => {
      const { fileName, kind } = storeFile(key);
      const path = join(folder, fileName);
      const codec = codecOf(path, kind, format);
      return [key, { codec, window: new RecordWindow(path, codec.size) }];
    };
    this.stores = Object.fromEntries(NAMED_STORES.map(open)) as Record<NamedStore, OpenStore>;
  }

  apply(buffer: Buffer, start: number, end: number): void {
    this.buffer = buffer;
    walkTransaction(buffer, start, end, this);
  }

  override token(kind: TokenKind, id: number, _before: number, after: number): void {
    const record = readTokenImage(kind, this.buffer, after, this.tokenRecord);
    record.id = id;
    this.write(kind, record);
  }

  override dynamic(owner: DynamicOwner, _id: number, isBefore: boolean, offset: number): void {
    const store = STORE_OF_OWNER[owner];
    if (store !== undefined && !isBefore) this.write(store, readDynamicImage(this.buffer, offset, this.dynamicRecord));
  }

  writeBack(): void {
    for (const { window } of Object.values(this.stores)) window.writeBack();
  }

  close(): void {
    for (const { window } of Object.values(this.stores)) window.close();
  }

  private write(key: NamedStore, record: AnyRecord): void {
    const { window, codec } = this.stores[key];
    const offset = window.seek(record.id);
    codec.encode(record, window.page, offset);
    window.markDirty(offset);
  }
}
