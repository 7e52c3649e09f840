import { CypherError } from './bolt.ts';
import { findRelease } from './releases.ts';
import type { CypherTarget } from './server.ts';

/** Keys that some index or constraint covers; a load may write only indexable values to them. */
export const indexedKeys = ['uid', 'name', 'mixed', 'first', 'second', 'code', 'region'] as const;

const anyEdition = [
  'CREATE CONSTRAINT ON (n:Person) ASSERT n.uid IS UNIQUE',
  'CREATE INDEX ON :Thing(name)',
  'CREATE INDEX ON :Thing(mixed)',
  'CREATE INDEX ON :Thing(first, second)',
];

const enterpriseOnly = [
  'CREATE CONSTRAINT ON (n:Person) ASSERT exists(n.uid)',
  'CREATE CONSTRAINT ON (n:Key) ASSERT (n.code, n.region) IS NODE KEY',
  'CREATE CONSTRAINT ON ()-[r:DATED]-() ASSERT exists(r.since)',
];

const fulltext = [
  "CALL db.index.fulltext.createNodeIndex('documents', ['Doc', 'Thing'], ['title', 'body'], {analyzer: 'english'})",
  "CALL db.index.fulltext.createRelationshipIndex('mentions', ['MENTIONS'], ['title'])",
];

/**
 * Whether this release has fulltext schema indexes that its own checker can handle. That of 3.5.0-beta03 fails on
 * every node that has only some of the indexed properties.
 */
export function hasSoundFulltext(server: CypherTarget): boolean {
  return server.version === '3.5.34';
}

/** Creates every kind of index and constraint the release has; fulltext (3.5 only) on request. */
export async function createSchema(server: CypherTarget, options: { readonly fulltext: boolean }): Promise<void> {
  const enterprise = findRelease(server.version).edition === 'enterprise';
  for (const statement of [
    ...anyEdition,
    ...(enterprise ? enterpriseOnly : []),
    ...(options.fulltext ? fulltext : []),
  ]) {
    await server.cypher(statement).catch((error: unknown) => {
      if (!(error instanceof CypherError && /already exists/i.test(error.message))) throw error;
    });
  }
}
