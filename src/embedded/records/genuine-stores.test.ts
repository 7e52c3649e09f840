import { rm } from 'node:fs/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unpackStore } from '../../../test/support/corpus/golden-store.ts';
import { makeTemporaryDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { GraphModel, graphHistory } from '../../../test/support/history/graph-changes.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { MemoryStore } from '../../../test/support/stores/memory-store.ts';
import type { RecordMemory } from '../../../test/support/stores/record-memory.ts';
import { changeRecords, loadRecords } from '../../../test/support/stores/record-run.ts';
import { countGraph, walkRecords } from '../../../test/support/stores/record-walker.ts';
import { DEFAULT_DENSE_THRESHOLD, storeFiles } from '../../store/files/store-files.ts';

const STORES = ['3.4.9-standard', '3.5.34-standard', 'small-3.4.9-recovered', 'small-3.5.34-recovered'];
const RUNS = campaign.rounds(15);

describe.each(STORES)('%s, written by a server', (name) => {
  let directory: string;
  let store: MemoryStore;
  beforeAll(async () => {
    directory = await makeTemporaryDirectory();
    store = MemoryStore.load(await unpackStore(name, directory));
  });
  afterAll(() => rm(directory, { recursive: true }));

  test("the walker finds all rules observed in a server's store, and the counts of the server", () => {
    const graph = walkRecords(loadRecords(store, DEFAULT_DENSE_THRESHOLD, 1));
    const { nodes, relationships } = countGraph(graph);
    expect(nodes).toEqual(store.counts.nodes);
    expect(relationships).toEqual(store.counts.relationships);
  });

  test("the records of a server's store are changed by the same rules, down to nothing", () => {
    const property = fc.property(graphHistory, fc.integer(), (history, seed) => {
      const records = loadRecords(store, DEFAULT_DENSE_THRESHOLD, seed);
      const model = new GraphModel(records, walkRecords(records));
      for (const changes of history) {
        changeRecords(records, (tx) => {
          for (const change of changes) model.make(change, tx);
        });
        checkGraph(records, model);
      }
      changeRecords(records, (tx) => {
        model.make({ kind: 'delete all', pick: 0 }, tx);
        for (const key of model.graphProperties.keys()) tx.setProperty({ kind: 'graph' }, key, undefined);
      });
      const left = storeFiles.filter(({ key }) => records.all(key).length > 0).map(({ key }) => key);
      expect(left.filter((key) => key !== 'schema' && !/label|relationshipType|propertyKey/i.test(key))).toEqual([]);
    });
    fc.assert(property, { numRuns: RUNS });
  });
});

function checkGraph(records: RecordMemory, model: GraphModel): void {
  const { nodes, relationships, graphProperties, rules, tokens } = model;
  const { denseNodes: _, ...graph } = walkRecords(records);
  expect(graph).toEqual({ nodes, relationships, graphProperties, rules, tokens });
}
