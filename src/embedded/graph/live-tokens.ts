import type { StoreReader } from '../../store/graph/store-reader.ts';
import { TokenNames } from '../../store/graph/tokens.ts';
import type { TokenKind } from '../../store/records/token-record.ts';

/** Names of labels, relationship types and property keys, as of the last commit. Never removed. */
export class LiveTokens {
  private readonly kinds: Record<TokenKind, TokenNames>;

  constructor(store: StoreReader) {
    this.kinds = {
      label: new TokenNames(store.tokens('label')),
      relationshipType: new TokenNames(store.tokens('relationshipType')),
      propertyKey: new TokenNames(store.tokens('propertyKey')),
    };
  }

  add(kind: TokenKind, id: number, name: string): void {
    this.kinds[kind].add({ id, name });
  }

  /** Undefined for a name that nothing has used yet. */
  id(kind: TokenKind, name: string): number | undefined {
    return this.kinds[kind].id(name);
  }

  /** The name of a token; a substitute if a damaged store lacks it. */
  name(kind: TokenKind, id: number): string {
    return this.kinds[kind].name(id) ?? `${kind} ${id}`;
  }
}
