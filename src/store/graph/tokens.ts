import type { ReadDynamic } from '../records/dynamic-chain.ts';
import { readDynamicChain } from '../records/dynamic-chain.ts';
import type { TokenRecord } from '../records/token-record.ts';

/** A label, relationship type or property key with its name. */
export interface Token {
  id: number;
  name: string;
}

/** The name of a token: the UTF-8 bytes of its chain in the names store (spec record-stores 6.6). */
export function readTokenName(record: TokenRecord, readName: ReadDynamic): string {
  return readDynamicChain(record.nameId, readName).toString('utf8');
}

/** Looks up tokens by id and by name. In damaged stores names may repeat; the first one wins, since ids are authoritative. */
export class TokenNames {
  private readonly names = new Map<number, string>();
  private readonly ids = new Map<string, number>();

  constructor(tokens: Iterable<Token> = []) {
    for (const token of tokens) this.add(token);
  }

  add({ id, name }: Token): void {
    this.names.set(id, name);
    if (!this.ids.has(name)) this.ids.set(name, id);
  }

  name(id: number): string | undefined {
    return this.names.get(id);
  }

  id(name: string): number | undefined {
    return this.ids.get(name);
  }

  get size(): number {
    return this.names.size;
  }

  *[Symbol.iterator](): IterableIterator<Token> {
    for (const [id, name] of this.names) yield { id, name };
  }
}
