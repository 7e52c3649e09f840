import type { StoreReader } from '../../store/graph/store-reader.ts';
import type { TokenKind } from '../../store/records/token-record.ts';

/** Ids of the tokens in use, whether their names are readable or not. */
export type TokenIds = Readonly<Record<TokenKind, ReadonlySet<number>>>;

export function readTokenIds(reader: StoreReader): TokenIds {
  const idsOf = (kind: TokenKind) => {
    const ids = new Set<number>();
    reader.file(kind).scan(({ id }) => ids.add(id));
    return ids;
  };
  return { label: idsOf('label'), relationshipType: idsOf('relationshipType'), propertyKey: idsOf('propertyKey') };
}
