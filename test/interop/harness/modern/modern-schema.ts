import type { ModernServer } from './server.ts';

interface Index {
  readonly statement: string;
  readonly isKnown: (server: ModernServer) => boolean;
}

const from = (major: number, minor: number) => (server: ModernServer) => server.version.isFrom(major, minor);
const before = (major: number, minor: number) => (server: ModernServer) => !server.version.isFrom(major, minor);

/** A uniqueness constraint for every label with keys, and an index of every kind that the release has. */
const schema: readonly Index[] = [
  ...['Item', 'Hub', 'Writer'].flatMap((label) => [
    { statement: `CREATE CONSTRAINT ${label}_key FOR (n:${label}) REQUIRE n.key IS UNIQUE`, isKnown: from(4, 4) },
    { statement: `CREATE CONSTRAINT ${label}_key ON (n:${label}) ASSERT n.key IS UNIQUE`, isKnown: before(4, 4) },
  ]),
  { statement: 'CREATE INDEX item_score FOR (n:Item) ON (n.score)', isKnown: from(4, 0) },
  { statement: 'CREATE INDEX item_pair FOR (n:Item) ON (n.name, n.ratio)', isKnown: from(4, 0) },
  { statement: 'CREATE INDEX item_day FOR (n:Item) ON (n.day)', isKnown: from(4, 0) },
  { statement: 'CREATE INDEX edge_score FOR ()-[r:ONE]-() ON (r.score)', isKnown: from(4, 3) },
  { statement: 'CREATE RANGE INDEX item_moment FOR (n:Item) ON (n.moment)', isKnown: from(4, 4) },
  { statement: 'CREATE TEXT INDEX item_name FOR (n:Item) ON (n.name)', isKnown: from(4, 4) },
  { statement: 'CREATE POINT INDEX item_place FOR (n:Item) ON (n.place)', isKnown: from(4, 4) },
  { statement: 'CREATE FULLTEXT INDEX item_body FOR (n:Item) ON EACH [n.body, n.name]', isKnown: from(4, 3) },
  {
    statement: "CALL db.index.fulltext.createNodeIndex('item_body', ['Item'], ['body', 'name'])",
    isKnown: before(4, 3),
  },
  {
    statement:
      'CREATE VECTOR INDEX item_embedding FOR (n:Item) ON (n.embedding) ' +
      "OPTIONS {indexConfig: {`vector.dimensions`: 8, `vector.similarity_function`: 'cosine'}}",
    isKnown: from(5, 15),
  },
];

/** Constraints and indexes of a load. */
export async function createModernSchema(server: ModernServer): Promise<void> {
  for (const { statement, isKnown } of schema) if (isKnown(server)) await server.cypher(statement);
  await awaitModernIndexes(server);
}

/** Resolves when all indexes are online; rejects with those that failed. */
export async function awaitModernIndexes(server: ModernServer): Promise<void> {
  await server.cypher('CALL db.awaitIndexes(600)');
}

const churned = [
  { name: 'churn_range', create: 'CREATE INDEX churn_range FOR (n:Item) ON (n.flag, n.score)' },
  { name: 'churn_texts', create: 'CREATE INDEX churn_texts FOR (n:Item) ON (n.texts)' },
  { name: 'churn_edges', create: 'CREATE INDEX churn_edges FOR ()-[r:TWO]-() ON (r.ratio)' },
] as const;

/** Drops and creates an index, the next one each time it is called; one may be dropped before it is filled. */
export async function churnIndexes(server: ModernServer, round: number): Promise<void> {
  const { name, create } = churned[round % churned.length]!;
  if (name === 'churn_edges' && !server.version.isFrom(4, 3)) return;
  await server.cypher(`DROP INDEX ${name} IF EXISTS`);
  await server.cypher(create);
}

interface Change {
  readonly create: string;
  readonly drop: string;
  readonly isKnown: (server: ModernServer) => boolean;
}

const CONSTRAINT = 'harm_unique';

const changes: readonly Change[] = [
  {
    create: 'CREATE INDEX harm_range FOR (n:Item) ON (n.ratio)',
    drop: 'DROP INDEX harm_range IF EXISTS',
    isKnown: from(4, 2),
  },
  {
    create: 'CREATE FULLTEXT INDEX harm_words FOR (n:Item|Hub) ON EACH [n.texts, n.name]',
    drop: 'DROP INDEX harm_words IF EXISTS',
    isKnown: from(4, 3),
  },
  {
    create: `CREATE CONSTRAINT ${CONSTRAINT} FOR (n:Hub) REQUIRE n.nothing IS UNIQUE`,
    drop: `DROP CONSTRAINT ${CONSTRAINT} IF EXISTS`,
    isKnown: from(4, 4),
  },
  {
    create:
      'CREATE VECTOR INDEX harm_vector FOR (n:Hub) ON (n.embedding) ' +
      "OPTIONS {indexConfig: {`vector.dimensions`: 8, `vector.similarity_function`: 'euclidean'}}",
    drop: 'DROP INDEX harm_vector IF EXISTS',
    isKnown: from(5, 15),
  },
  {
    create: 'CREATE TEXT INDEX harm_text FOR (n:Item) ON (n.body)',
    drop: 'DROP INDEX harm_text IF EXISTS',
    isKnown: from(4, 4),
  },
];

/** Drops and creates an index or a constraint, the next one each time it is called. */
export async function changeSchema(server: ModernServer, round: number): Promise<void> {
  const { create, drop, isKnown } = changes[round % changes.length]!;
  if (!isKnown(server)) return;
  await server.cypher(drop);
  await server.cypher(create);
}

/**
 * A database whose log ends inside the making of a constraint has its index, which no constraint owns: it never comes online, and is
 * dropped by hand, as after a crash at that moment.
 */
export async function dropUnfinishedConstraint(server: ModernServer): Promise<void> {
  const { fields, rows } = await server.cypher('SHOW CONSTRAINTS');
  const names = rows.map((row) => row[fields.indexOf('name')]);
  if (!names.includes(CONSTRAINT)) await server.cypher(`DROP INDEX ${CONSTRAINT} IF EXISTS`);
}
