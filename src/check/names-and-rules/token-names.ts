import { storeFile } from '../../store/files/store-files.ts';
import type { StoreReader } from '../../store/graph/store-reader.ts';
import { readTokenName } from '../../store/graph/tokens.ts';
import type { DynamicRecord } from '../../store/records/dynamic-record.ts';
import type { TokenKind } from '../../store/records/token-record.ts';
import { isDamage } from '../findings/damage.ts';

/** Name of a token in use; undefined if there is no such token or its name is unreadable. */
export function readTokenNameIfWhole(reader: StoreReader, kind: TokenKind, id: number): string | undefined {
  const file = reader.file(kind);
  const token = file.readRecord(id, file.codec.create());
  if (token === undefined || !token.inUse) return undefined;
  try {
    return readTokenName(token, nameReader(reader, kind));
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}

/** Reads records of the names store for a kind of token; the record is reused. */
function nameReader(reader: StoreReader, kind: TokenKind): (id: number) => DynamicRecord | undefined {
  const names = reader.file(storeFile(kind).names as 'labelNames');
  const record = names.codec.create();
  return (id) => names.readRecord(id, record);
}
