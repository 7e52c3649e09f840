import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findContentDifferences, type GraphContent } from '../../test/support/history/model-graph.ts';
import { EmbeddedLoad, loadSchema } from '../../test/support/live/embedded-load.ts';
import { campaign } from '../../test/support/random/campaign-size.ts';
import { findStoreProblems } from '../../test/support/stores/sound-store.ts';
import { readContent } from '../../test/support/stores/stored-content.ts';
import { EmbeddedDatabase, type EmbeddedEvent, type EmbeddedOptions } from './embedded-database.ts';

let root: string;
let directory: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'graphkeep-load-'));
  directory = join(root, 'db');
});
afterEach(() => rmSync(root, { recursive: true }));

const providers = {
  generic: { key: 'native-btree', version: '1.0' },
  fusion: { key: 'lucene+native', version: '2.0' },
};

async function createSchema(db: EmbeddedDatabase): Promise<void> {
  for (const { label, keys } of loadSchema.indexes) {
    // This provider keeps composite indexes entirely in Lucene.
    if (keys.length === 1) await db.createIndex(label, keys);
  }
  await db.createUniquenessConstraint(loadSchema.unique.label, loadSchema.unique.key);
}

function contentOf(db: EmbeddedDatabase): GraphContent {
  return { nodes: db.nodes(), relationships: db.relationships(), graphProperties: db.graphProperties() };
}

/** In each life of the database. */
const TRANSACTIONS = campaign.size(500, 80);

test.each(
  campaign.sample([
    ['generic', 1],
    ['generic', 2],
    ['fusion', 3],
  ] as const),
)(
  'concurrent random transactions (%s indexes, seed %d) lead to the graph of the model, and to sound files at every end',
  async (provider, seed) => {
    const events: EmbeddedEvent[] = [];
    const options: EmbeddedOptions = {
      indexProvider: providers[provider],
      rotationBytes: campaign.size(64, 8) * 1024,
      retention: { keep: 'files', count: 3 },
      checkPointTransactions: 0.3 * TRANSACTIONS,
      onEvent: (event) => events.push(event),
    };
    let ledger: EmbeddedLoad['ledger'] | undefined;
    for (let life = 0; life < 3; life++) {
      const db = await EmbeddedDatabase.open(directory, options);
      if (life === 0) await createSchema(db);
      const load = new EmbeddedLoad(db, {
        seed: seed * 100 + life,
        writers: 8,
        nativeOnly: provider === 'fusion',
        ...(ledger === undefined ? {} : { ledger }),
      });
      ledger = load.ledger;
      await load.run(TRANSACTIONS);
      const expected = ledger.graphAt();
      expect(findContentDifferences(expected.content(), contentOf(db))).toEqual([]);
      await db.close();
      expect(findContentDifferences(expected.content(), readContent(directory))).toEqual([]);
      expect(await findStoreProblems(directory)).toEqual([]);
    }
    const kinds = events.map(({ kind }) => kind);
    expect(kinds).toContain('rotated');
    // More than those of the schema and of the three ends. The number depends on the speed of the machine.
    expect(kinds.filter((kind) => kind === 'check-point').length).toBeGreaterThan(3 + 3);
    expect(new Set(kinds)).not.toContain('index-left-to-server');
    expect(kinds).not.toContain('recovered');
  },
);
