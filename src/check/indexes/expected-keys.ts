import type { GraphView } from '../../store/graph/graph-view.ts';
import { type IndexedValues, NodeStateReader } from '../../store/graph/node-state.ts';
import { storedRecords } from '../../store/graph/stored-records.ts';
import { locateKey } from '../../store/index/index-key.ts';
import { partOf } from '../../store/index/index-part.ts';
import type { TreeLayout } from '../../store/tree/page/layout.ts';
import type { PropertyValue } from '../../store/values/property-value.ts';
import type { CheckContext } from '../findings/check-context.ts';
import { isDamage } from '../findings/damage.ts';
import type { OpenIndex } from './open-index.ts';

type VisitKey = (index: OpenIndex, path: string, key: Uint8Array, layout: TreeLayout) => void;

/** Generates the keys that the trees of some indexes must hold, from the node records. */
export class ExpectedKeys {
  private readonly context: CheckContext;
  private readonly byRule: ReadonlyMap<number, OpenIndex>;
  private readonly states: NodeStateReader;
  private readonly view: GraphView;

  constructor(context: CheckContext, indexes: readonly OpenIndex[]) {
    this.context = context;
    this.byRule = new Map(indexes.map((index) => [index.rule.id, index]));
    this.states = new NodeStateReader(indexes.map(({ rule }) => rule));
    this.view = storedRecords(context.reader);
  }

  /**
   * Calls `visit` with every key, in node order. Skips unreadable nodes, values in Lucene parts, and values for which we cannot make a key.
   */
  async forEach(visit: VisitKey): Promise<void> {
    const { reader, signal } = this.context;
    const file = reader.file('node');
    let done = 0;
    const onProgress = (bytes: number) => {
      done += bytes;
      this.context.progress('indexes', done, file.sizeBytes);
    };
    await file.scanInTurns(
      ({ id, labelField }) => {
        if (labelField !== 0) this.visitNode(id, visit);
      },
      { onProgress, ...(signal === undefined ? {} : { signal }) },
    );
  }

  /** Calls `visit` with the keys of one node. */
  visitNode(node: number, visit: VisitKey): void {
    for (const [rule, values] of this.valuesOf(node) ?? []) {
      const index = this.byRule.get(rule)!;
      const located = locate(index, node, values);
      if (typeof located !== 'string') visit(index, located.path, located.key, located.part.codec.layout);
    }
  }

  /** What is known about a node's entry in an index: its key, that there must be none, or nothing. */
  keyOf(index: OpenIndex, node: number): Uint8Array | 'none' | 'unknown' {
    const values = this.valuesOf(node);
    if (values === undefined) return 'unknown';
    const own = values.get(index.rule.id);
    if (own === undefined) return 'none';
    const part = partOf(index.folders, index.rule.unique, own as readonly PropertyValue[]);
    if (part.kind === 'lucene') return 'none';
    const located = locate(index, node, own);
    return typeof located === 'string' ? 'unknown' : located.key;
  }

  /** Undefined if the records of the node are damaged, which the checks of records report. */
  private valuesOf(node: number): ReadonlyMap<number, IndexedValues> | undefined {
    try {
      return this.states.read(node, this.view).indexed;
    } catch (error) {
      if (isDamage(error)) return undefined;
      throw error;
    }
  }
}

function locate({ folders, rule, curves }: OpenIndex, node: number, values: IndexedValues) {
  return locateKey(folders, rule.unique, node, values as readonly PropertyValue[], curves);
}
