import { comparableText } from './comparable-value.ts';
import type { Properties } from './graph.ts';

/** The parts of a node that matter for lookups. */
export interface LookedUpNode {
  labels: readonly string[];
  properties: Properties;
}

/**
 * The nodes with a label by the values of some properties, all of which they must have. In memory: about 100 bytes per node. {@link change}
 * keeps it up to date.
 */
export class NodeLookup {
  readonly label: string;
  readonly keys: readonly string[];
  private readonly nodes = new Map<string, number | Set<number>>();

  constructor(label: string, keys: readonly string[]) {
    this.label = label;
    this.keys = keys;
  }

  /** The text under which a node is filed; undefined if it is not in this lookup. */
  textOf(node: LookedUpNode | undefined): string | undefined {
    if (node === undefined || !node.labels.includes(this.label)) return undefined;
    const parts: string[] = [];
    for (const key of this.keys) {
      const value = Object.hasOwn(node.properties, key) ? node.properties[key] : undefined;
      const text = value === undefined ? undefined : comparableText(value);
      if (text === undefined) return undefined;
      parts.push(`${text.length}:${text}`);
    }
    return parts.join();
  }

  find(text: string): Iterable<number> {
    const found = this.nodes.get(text);
    if (found === undefined) return [];
    return typeof found === 'number' ? [found] : found;
  }

  change(id: number, before: LookedUpNode | undefined, after: LookedUpNode | undefined): void {
    const old = this.textOf(before);
    const now = this.textOf(after);
    if (old === now) return;
    if (old !== undefined) this.remove(old, id);
    if (now !== undefined) this.add(now, id);
  }

  private add(text: string, id: number): void {
    const found = this.nodes.get(text);
    if (found === undefined) this.nodes.set(text, id);
    else if (typeof found === 'number') this.nodes.set(text, new Set([found, id]));
    else found.add(id);
  }

  private remove(text: string, id: number): void {
    const found = this.nodes.get(text);
    if (found === id) this.nodes.delete(text);
    else if (found instanceof Set) {
      found.delete(id);
      if (found.size === 0) this.nodes.delete(text);
    }
  }
}

/** All lookups of a database; each is made on first use by one pass over the nodes. */
export class NodeLookups {
  private readonly lookups = new Map<string, NodeLookup>();
  private readonly scan: () => Iterable<[number, LookedUpNode]>;

  /** `scan` yields all current nodes. */
  constructor(scan: () => Iterable<[number, LookedUpNode]>) {
    this.scan = scan;
  }

  of(label: string, keys: readonly string[]): NodeLookup {
    const name = JSON.stringify([label, ...keys]);
    let lookup = this.lookups.get(name);
    if (lookup === undefined) {
      lookup = new NodeLookup(label, keys);
      for (const [id, node] of this.scan()) lookup.change(id, undefined, node);
      this.lookups.set(name, lookup);
    }
    return lookup;
  }

  get isEmpty(): boolean {
    return this.lookups.size === 0;
  }

  change(id: number, before: LookedUpNode | undefined, after: LookedUpNode | undefined): void {
    for (const lookup of this.lookups.values()) lookup.change(id, before, after);
  }
}
