/** The one import point of tests that run servers from 4.0 on. */
export { checkModern, dumpModern, loadDump, type ModernCheck, runModernAdmin } from './admin.ts';
export { BusyModernServer } from './busy-modern-server.ts';
export type { JsonValue, ModernResult, ModernStatement } from './cypher-over-http.ts';
export { DatabaseOffline, type DatabaseState } from './database-state.ts';
export { HarmedModernCopies, type ModernHarm, modernHarms } from './harmed-modern-copies.ts';
export { installModern } from './installation.ts';
export { selectRunnable } from './java-home.ts';
export { findModernDifferences, judgeModern, type ModernGraph, modelAt, readModernGraph } from './modern-graph.ts';
export { ModernLoad, type ModernLoadOptions } from './modern-load.ts';
export { judgeMoment, type LoadedMoment, type ModernMoment } from './modern-moment.ts';
export { ReleaseTrial } from './release-trial.ts';
export { ModernServer, type ModernServerOptions } from './server.ts';
export type { RestlessOptions } from './settings.ts';
