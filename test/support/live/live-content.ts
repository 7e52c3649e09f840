import type { EmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import type { GraphContent } from '../history/model-graph.ts';

/** The graph of a live database as of its last commit. Read it without awaiting in between. */
export function liveContent(database: EmbeddedDatabase): GraphContent {
  return {
    nodes: database.nodes(),
    relationships: database.relationships(),
    graphProperties: database.graphProperties(),
  };
}
