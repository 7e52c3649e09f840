import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  dirtyStores,
  expectedRecovered,
  noteExpected,
  noteGraph,
  unpackStore,
} from '../../test/support/corpus/golden-store.ts';
import { makeTemporaryDirectory, removeDirectory } from '../../test/support/corpus/unpack-corpus.ts';
import { findContentDifferences, type GraphContent } from '../../test/support/history/model-graph.ts';
import { findStoreProblems } from '../../test/support/stores/sound-store.ts';
import { readContent } from '../../test/support/stores/stored-content.ts';
import { findRecoveryStart } from '../log/v3/recovery-start.ts';
import { StoreReader } from '../store/graph/store-reader.ts';
import type { PropertyValue } from '../store/values/property-value.ts';
import { EmbeddedDatabase, type EmbeddedEvent } from './embedded-database.ts';

let root: string;
beforeEach(async () => {
  root = await makeTemporaryDirectory();
});
afterEach(() => removeDirectory(root));

const text = (value: string): PropertyValue => ({ type: 'string', value });

function contentOf(db: EmbeddedDatabase): GraphContent {
  return { nodes: db.nodes(), relationships: db.relationships(), graphProperties: db.graphProperties() };
}

/** Changes every node and every relationship, creates some of both and deletes some. */
async function rework(db: EmbeddedDatabase): Promise<void> {
  const nodes = [...db.nodes()];
  const { value: hub } = await db.transact((tx) => tx.createNode(['Hub']));
  for (const [index, { id, labels }] of nodes.entries()) {
    await db.transact((tx) => {
      tx.createRelationship(hub, `T${index % 3}`, id);
      tx.setNodeProperty(id, 'reworked', text(`${id} `.repeat(index % 50)));
      if (index % 4 === 0) tx.addLabel(id, 'Reworked');
      if (index % 5 === 0 && labels[0] !== undefined) tx.removeLabel(id, labels[0]);
    });
  }
  for (const { id } of [...db.relationships()]) {
    await db.transact((tx) => {
      if (id % 3 === 0) tx.deleteRelationship(id);
      else tx.setRelationshipProperty(id, 'reworked', text('yes'));
    });
  }
}

test.each(['3.4.9-empty', '3.4.9-standard', '3.5.34-empty', '3.5.34-standard'])(
  '%s: a store closed by a server is accepted, changed everywhere, and sound again',
  async (name) => {
    const directory = await unpackStore(name, root, 'stores');
    const before = readContent(directory);
    const events: EmbeddedEvent[] = [];
    const onEvent = (event: EmbeddedEvent) => events.push(event);
    let db = await EmbeddedDatabase.open(directory, { onEvent });
    expect(findContentDifferences(before, contentOf(db))).toEqual([]);
    await db.close();
    expect(findContentDifferences(readContent(directory), readContent(directory))).toEqual([]);
    db = await EmbeddedDatabase.open(directory, { onEvent });
    await rework(db);
    const expected = readLive(db);
    await db.close();
    expect(findContentDifferences(expected, readContent(directory))).toEqual([]);
    // Values in Lucene belong to the server: the index is unchanged if nothing in it changed, else removed, which was reported.
    const isAnyGone = events.some(({ kind }) => kind === 'index-left-to-server');
    const ofServer = isAnyGone
      ? /^index \d+ (is populating|cannot hold .* in the Lucene part)/
      : /^index \d+ cannot hold .* in the Lucene part/;
    const problems = await findStoreProblems(directory, { idsMayBeLost: true, hasRulePieces: true });
    expect(problems.filter((problem) => !ofServer.test(problem))).toEqual([]);
  },
);

/** A snapshot of the current graph. */
function readLive(db: EmbeddedDatabase): GraphContent {
  const { nodes, relationships, graphProperties } = contentOf(db);
  return { nodes: [...nodes], relationships: [...relationships], graphProperties };
}

test.each(dirtyStores.filter((name) => name.includes('standard')))(
  '%s: a store whose server was killed is recovered, or left to the server with its explicit indexes',
  async (name) => {
    const directory = await unpackStore(name, root, 'recovery');
    const opening = EmbeddedDatabase.open(directory);
    const outcome = await opening.then(
      () => 'recovered',
      (error) => error.code,
    );
    if (outcome === 'recovered') {
      await (await opening).close();
      expect(await findStoreProblems(directory, { idsMayBeLost: true, hasRulePieces: true })).toEqual([]);
    } else {
      expect(outcome).toBe('embedded.explicit-indexes');
      expect(findRecoveryStart(directory).needed).toBe(true);
    }
    const reader = new StoreReader(directory);
    expect(noteGraph(reader).nodes).toEqual(noteExpected(expectedRecovered(name)).nodes);
    reader.close();
  },
);
