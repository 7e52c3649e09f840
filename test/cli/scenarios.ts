import { mkdir, rm, writeFile } from 'node:fs/promises';
import type { BackupOptions } from '../../src/backup/backup-options.ts';
import type { World } from '../support/commands/world.ts';

/** The initial state of a scenario, where it is not the same for all. */
export const preparations: Record<string, (world: World) => Promise<void>> = {
  'conf-additional': async (world) => {
    await world.configure('');
    await writeFile(
      world.path('work', 'add.conf'),
      'dbms.backup.address=127.0.0.1:21362\ndbms.memory.pagecache.size=bogus\n',
    );
  },
  'conf-badaddr': (world) => world.configure('dbms.backup.address=127.0.0.1:notaport\n'),
  'conf-badvalue': (world) => world.configure('dbms.tx_log.rotation.retention_policy=10 weeks\n'),
  'conf-ssl': (world) => world.configure('dbms.backup.ssl_policy=foo\n'),
  'conf-strict': (world) => world.configure('dbms.unknown.setting=1\ndbms.config.strict_validation=true\n'),
  'env-no-conf': async (world) => {
    await rm(world.path('home', 'conf'), { recursive: true });
  },
  'env-none': async (world) => {
    world.setEnvironment({});
    await mkdir(world.path('backup', 'en'));
  },
  'restore-ok': (world) => world.makeBackup(),
  'restore-dbpath': (world) => world.makeBackup(),
  'restore-exists': async (world) => {
    await world.makeBackup();
    await world.makeDatabase('graph.db');
  },
  'restore-exists-force': async (world) => {
    await world.makeBackup();
    await world.makeDatabase('graph.db');
  },
  'restore-locked': async (world) => {
    await world.makeBackup();
    await world.makeDatabase('graph.db');
    await world.lockDatabase('graph.db');
  },
  'restore-self': (world) => world.makeDatabase('graph.db'),
  'dump-ok': (world) => world.makeDatabase('graph.db'),
  'dump-todir': (world) => world.makeDatabase('graph.db'),
  'dump-nodir': (world) => world.makeDatabase('graph.db'),
  'dump-exists': async (world) => {
    await world.makeDatabase('graph.db');
    await world.makeDump();
  },
  'dump-locked': async (world) => {
    await world.makeDatabase('graph.db');
    await world.lockDatabase('graph.db');
  },
  'load-ok': (world) => world.makeDump(),
  'load-force': async (world) => {
    await world.makeDump();
    await world.makeDatabase('l3');
  },
  'load-exists': async (world) => {
    await world.makeDump();
    await world.makeDatabase('l3');
  },
  'load-locked': (world) => world.lockDatabase('graph.db'),
  'unbind-ok': async (world) => {
    await mkdir(world.path('home', 'data', 'cluster-state', 'core-state'), { recursive: true });
  },
  'unbind-locked': (world) => world.lockDatabase('graph.db'),
  'unbind-standalone': (world) => world.makeDatabase('graph.db'),
};

/** The arguments of captures that do not show them. */
export const hiddenArguments: Record<string, string[]> = {
  'env-none': [
    'backup',
    '--backup-dir=$BACKUP_DIR/en',
    '--name=x',
    '--from=127.0.0.1:21362',
    '--check-consistency=false',
  ],
};

const server = { from: { host: '127.0.0.1', port: 21362 } };
const unchecked = { checkConsistency: false };

/**
 * The meaning of the arguments. The captures talk to a live server; here the backup job is replaced by one that knows only that address. So
 * these rows compare the options given to the job, and how its end is shown.
 */
export const requests: Record<string, Partial<BackupOptions>> = {
  'arg-bad-bool': { ...server, checkConsistency: false },
  'arg-bool-bare': { ...server, ...unchecked, name: 'bb', fallbackToFull: true },
  'arg-bool-no': { ...server, fallbackToFull: false, checkConsistency: true },
  'arg-bool-space': { ...server, ...unchecked, name: 'bs' },
  'arg-bool-upper': { ...server, ...unchecked, name: 'bu' },
  'arg-empty-report-dir': { ...server, checkConsistency: true },
  'arg-empty-timeout': { ...server, timeoutMs: 1_200_000 },
  'arg-pagecache-upper': { ...server, ...unchecked, memoryBudgetBytes: 128 * 1024 * 1024 },
  'arg-single-dash': { ...server, ...unchecked, name: 'sd1' },
  'arg-space-separated': { ...server, ...unchecked, name: 'sp1' },
  'addr-05': server,
  'addr-06': { from: { host: 'localhost', port: 21362 } },
  'addr-07': { from: { host: 'localhost', port: 21362 } },
  'addr-08': { from: { host: '::1', port: 21362 } },
  'addr-10': { from: { host: '::1', port: 21362 } },
  'addr-11': { from: { host: 'nosuchhost.invalid', port: 6362 } },
  'addr-12': server,
  'addr-13': { from: { host: '127.0.0.1', port: 21399 } },
  'addr-14': server,
  'addr-15': { from: { host: 'a b', port: 1 } },
  'addr-16': { from: { host: 'localhost', port: 6362 } },
  'addr-17': server,
  'addr-18': server,
  'addr-19': server,
  'addr-20': { from: { host: '21362', port: 21362 } },
  'conf-additional': { from: { host: 'localhost', port: 21362 } },
  'env-no-conf': { ...server, name: 'nc' },
  'env-none': { ...server, ...unchecked },
};
