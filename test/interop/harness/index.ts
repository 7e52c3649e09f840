/**
 * Harness for tests with real servers. One import point; see `harness.test.ts` for the usual course of a test:
 * start a server, write to it, back it up, check the backup, open it, compare the graphs.
 */
export * from './admin.ts';
export { type BoltConnection, ConnectionLost, CypherError, type Result, type Statement } from './bolt.ts';
export { type Cluster, type ClusterOptions, startCluster } from './cluster.ts';
export type { ClusterMember } from './cluster-member.ts';
export { DatabaseOpener } from './database-opener.ts';
export { awaitIndexes, canonicalValue, exportGraph, findDifferences, type Graph } from './graph-export.ts';
export { graphkeep } from './graphkeep.ts';
export { type HaPair, startHaPair } from './ha-pair.ts';
export { findChanges, hashDirectory } from './hash-directory.ts';
export { install } from './installation.ts';
export { describeInterop } from './interop-suite.ts';
export { checkLedger, Ledger, type LedgerCheck, type LedgerOptions } from './ledger.ts';
export { modelExport, withoutTokens } from './model-export.ts';
export { copyStore, openCopy } from './open-copy.ts';
export { Float64, Structure, tags, type Value } from './packstream.ts';
export { type LoadOptions, type LoadStatistics, RandomLoad } from './random-load.ts';
export { findRelease, type Version, versions } from './releases.ts';
export { restless } from './restless.ts';
export { S3Proxy } from './s3-proxy.ts';
export { createSchema } from './schema.ts';
export { makeScratch } from './scratch.ts';
export { type CypherTarget, RunningServer, type ServerOptions, startServer } from './server.ts';
export { expectSoundCheck } from './sound-check.ts';
