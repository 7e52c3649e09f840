import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findContentDifferences, type GraphContent, ModelGraph } from '../../test/support/history/model-graph.ts';
import { campaign } from '../../test/support/random/campaign-size.ts';
import { findStoreProblems } from '../../test/support/stores/sound-store.ts';
import { readContent } from '../../test/support/stores/stored-content.ts';
import type { PropertyValue } from '../store/values/property-value.ts';
import { EmbeddedDatabase, type EmbeddedOptions, type Transaction } from './embedded-database.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'graphkeep-histories-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const LABELS = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I'];
const KEYS = ['k', 'l', 'm'];
const options: EmbeddedOptions = { rotationBytes: 2000, retention: { keep: 'files', count: 1 } };

/** One change; the numbers select among existing entities. */
const change = fc.record({
  kind: fc.constantFrom(
    'node',
    'node',
    'relationship',
    'relationship',
    'label',
    'unlabel',
    'set',
    'unset',
    'delete',
    'cut',
  ),
  a: fc.nat(1000),
  b: fc.nat(1000),
  size: fc.nat(300),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** Events of the database: transactions, and what happens between them. `crash` continues with a copy of the open database's files. */
const event = fc.oneof(
  { weight: 8, arbitrary: fc.array(change, { minLength: 1, maxLength: 8 }) },
  { weight: 1, arbitrary: fc.constantFrom('check point', 'reopen', 'crash', 'index', 'roll back') },
);

function makeValue(size: number): PropertyValue {
  if (size % 3 === 0) return { type: 'long', value: BigInt(size) };
  if (size % 3 === 1) return { type: 'string', value: 'v'.repeat(size) };
  return { type: 'array', of: 'int', elements: Array.from({ length: size }, (_, i) => ({ type: 'int', value: i })) };
}

function pick<T>(from: Iterable<T>, number: number): T | undefined {
  const all = [...from];
  return all[number % Math.max(1, all.length)];
}

/** Makes the change in the transaction and in the model, if there is something to apply it to. */
function perform({ kind, a, b, size }: Change, tx: Transaction, model: ModelGraph): void {
  const node = pick(model.nodes.keys(), a);
  const other = pick(model.nodes.keys(), b);
  const label = LABELS[b % LABELS.length]!;
  const key = KEYS[b % KEYS.length]!;
  if (kind === 'node') {
    const labels = LABELS.slice(0, size % (LABELS.length + 1));
    const properties = size % 2 === 0 ? {} : { [key]: makeValue(size) };
    model.apply({ kind: 'createNode', id: tx.createNode(labels, properties), labels, properties });
  } else if (kind === 'relationship' && node !== undefined && other !== undefined) {
    const type = `T${size % 3}`;
    const properties = { [key]: makeValue(size) };
    const id = tx.createRelationship(node, type, other, properties);
    model.apply({ kind: 'createRelationship', id, type, start: node, end: other, properties });
  } else if (kind === 'label' && node !== undefined) {
    tx.addLabel(node, label);
    model.apply({ kind: 'addLabel', id: node, label });
  } else if (kind === 'unlabel' && node !== undefined) {
    tx.removeLabel(node, label);
    model.apply({ kind: 'removeLabel', id: node, label });
  } else if ((kind === 'set' || kind === 'unset') && node !== undefined) {
    const value = kind === 'set' ? makeValue(size) : undefined;
    tx.setNodeProperty(node, key, value);
    model.apply({ kind: 'setNode', id: node, key, value });
  } else if (kind === 'cut') {
    const id = pick(model.relationships.keys(), a);
    if (id === undefined) return;
    tx.deleteRelationship(id);
    model.apply({ kind: 'deleteRelationship', id });
  } else if (kind === 'delete' && node !== undefined) {
    for (const { id, start, end } of [...model.relationships.values()]) {
      if (start !== node && end !== node) continue;
      tx.deleteRelationship(id);
      model.apply({ kind: 'deleteRelationship', id });
    }
    tx.deleteNode(node);
    model.apply({ kind: 'deleteNode', id: node });
  }
}

function contentOf(db: EmbeddedDatabase): GraphContent {
  return { nodes: db.nodes(), relationships: db.relationships(), graphProperties: db.graphProperties() };
}

/** Runs a history in a fresh directory. */
async function run(events: readonly (Change[] | string)[], directory: string): Promise<void> {
  const model = new ModelGraph();
  let place = join(directory, '0', 'db');
  let crashes = 0;
  let db = await EmbeddedDatabase.open(place, options);
  try {
    for (const happening of events) {
      if (Array.isArray(happening)) {
        await db.transact((tx) => {
          for (const one of happening) perform(one, tx, model);
        });
      } else if (happening === 'check point') {
        await db.checkPoint();
      } else if (happening === 'index') {
        const key = KEYS[db.schema().length];
        if (key !== undefined) await db.createIndex('A', [key]);
      } else if (happening === 'roll back') {
        const tx = db.begin();
        for (const { id } of model.nodes.values()) tx.setNodeProperty(id, 'k', makeValue(1));
        tx.createNode(['Never']);
        tx.rollback();
      } else if (happening === 'crash') {
        const copy = join(directory, String(++crashes), 'db');
        cpSync(place, copy, { recursive: true });
        await db.close();
        place = copy;
        db = await EmbeddedDatabase.open(place, options);
      } else {
        await db.close();
        db = await EmbeddedDatabase.open(place, options);
      }
      expect(findContentDifferences(model.content(), contentOf(db))).toEqual([]);
    }
  } finally {
    await db.close();
  }
  expect(findContentDifferences(model.content(), readContent(place))).toEqual([]);
  expect(await findStoreProblems(place, { idsMayBeLost: crashes > 0 })).toEqual([]);
}

test('whatever happens, the graph is that of a naive model, in memory and in the files', async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 3, maxLength: 25 }), async (events) => {
      await run(events, join(root, String(runs++)));
    }),
    { numRuns: campaign.rounds(12), endOnFailure: false },
  );
});
