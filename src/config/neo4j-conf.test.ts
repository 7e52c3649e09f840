import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GraphkeepError } from '../base/errors.ts';
import { type ClientConfig, loadClientConfig } from './neo4j-conf.ts';
import { settings } from './settings.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'graphkeep-conf-'));
  mkdirSync(join(root, 'conf'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function load(conf: string, additional?: string): Promise<ClientConfig> {
  writeFileSync(join(root, 'conf', 'neo4j.conf'), conf);
  if (additional !== undefined) writeFileSync(join(root, 'additional.conf'), additional);
  const additionalFile = additional === undefined ? undefined : 'additional.conf';
  return loadClientConfig({ cwd: root, home: 'home', confDirectory: 'conf', additionalFile });
}

describe('loadClientConfig', () => {
  it('loadClientConfig has defaults without any file, and uses the working directory as home', async () => {
    const config = await loadClientConfig({ cwd: root, home: undefined, confDirectory: undefined });
    expect(config.home).toBe(root);
    expect(config.get(settings.backupAddress)).toEqual({ host: '127.0.0.1', port: 6362, lastPort: 6372 });
    expect(config.get(settings.rotationSizeBytes)).toBe(250 * 1024 * 1024);
    expect(config.get(settings.handshakeTimeoutMs)).toBe(20_000);
    expect(config.get(settings.catchupVersions)).toEqual([]);
    expect(config.get(settings.checkPropertyOwners)).toBe(false);
    expect(config.databaseDirectory('graph.db')).toBe(join(root, 'data', 'databases', 'graph.db'));
    expect(config.transactionLogDirectory('graph.db')).toBe(config.databaseDirectory('graph.db'));
  });

  it('loadClientConfig prefers the additional file to neo4j.conf, and that to the defaults', async () => {
    const config = await load(
      'dbms.backup.address=one:1\ndbms.directories.data=/d\ndbms.directories.tx_log=logs',
      'dbms.backup.address=two:2\nmy.own=  text ',
    );
    expect(config.get(settings.backupAddress)).toEqual({ host: 'two', port: 2 });
    expect(config.databaseDirectory('x')).toBe('/d/databases/x');
    expect(config.transactionLogDirectory('x')).toBe(join(root, 'home', 'logs'));
    expect(config.text('my.own')).toBe('text');
    expect(config.isSet(settings.backupAddress)).toBe(true);
    expect(config.isSet(settings.mode)).toBe(false);
    expect(config.with([['dbms.mode', 'CORE']]).get(settings.mode)).toBe('CORE');
  });

  it('loadClientConfig refuses an additional file that is missing or a directory', async () => {
    for (const additionalFile of ['nope.conf', 'conf']) {
      await expect(
        loadClientConfig({ cwd: root, home: '', confDirectory: 'conf', additionalFile }),
      ).rejects.toMatchObject({
        code: 'config.unreadable',
        message: `Could not read additional configuration from ${join(root, additionalFile)}. The file either does not exist, is not a regular file, or is not readable.`,
      });
    }
  });

  it('loadClientConfig names a neo4j.conf that it cannot read', async () => {
    mkdirSync(join(root, 'strange', 'neo4j.conf'), { recursive: true });
    await expect(loadClientConfig({ cwd: root, home: '', confDirectory: 'strange' })).rejects.toMatchObject({
      code: 'config',
    });
  });

  // Observed with the real 3.4.9 tool.
  it.each([
    ['dbms.backup.enabled=maybe', "Bad value 'maybe' for setting 'dbms.backup.enabled': must be 'true' or 'false'"],
    ['dbms.backup.enabled=', "Bad value '' for setting 'dbms.backup.enabled': must be 'true' or 'false'"],
    ['dbms.allow_upgrade', "Bad value '' for setting 'dbms.allow_upgrade': must be 'true' or 'false'"],
    [
      'dbms.backup.address=127.0.0.1:notaport',
      "Bad value '127.0.0.1:notaport' for setting 'dbms.backup.address': For input string: \"notaport\"",
    ],
    ['dbms.backup.address=::1', "Bad value '::1' for setting 'dbms.backup.address': ::1"],
    [
      'dbms.backup.address=a:1-2-3',
      "Bad value 'a:1-2-3' for setting 'dbms.backup.address': Cannot have more than two port ranges: a:1-2-3",
    ],
    [
      'dbms.tx_log.rotation.size=abc',
      "Bad value 'abc' for setting 'dbms.tx_log.rotation.size': abc is not a valid size, must be e.g. 10, 5K, 1M, 11G",
    ],
    [
      'dbms.tx_log.rotation.size=100',
      "Bad value '100' for setting 'dbms.tx_log.rotation.size': minimum allowed value is: 1048576",
    ],
    [
      'dbms.checkpoint.interval.time=5d',
      "Bad value '5d' for setting 'dbms.checkpoint.interval.time': Unrecognized unit 'd'. Valid units are: 'ms', 's', 'm' and 'h'; default unit is 's'",
    ],
    [
      'dbms.checkpoint.interval.time=-1s',
      "Bad value '-1s' for setting 'dbms.checkpoint.interval.time': Missing numeric value",
    ],
    [
      'dbms.checkpoint.interval.tx=0',
      "Bad value '0' for setting 'dbms.checkpoint.interval.tx': minimum allowed value is: 1",
    ],
    [
      'dbms.checkpoint.interval.tx=1k',
      "Bad value '1k' for setting 'dbms.checkpoint.interval.tx': not a valid integer value",
    ],
    [
      'dbms.checkpoint.iops.limit=2147483648',
      "Bad value '2147483648' for setting 'dbms.checkpoint.iops.limit': not a valid integer value",
    ],
    [
      'dbms.mode=single',
      "Bad value 'single' for setting 'dbms.mode': must be one of [SINGLE, HA, ARBITER, CORE, READ_REPLICA] case sensitive",
    ],
    [
      'dbms.logs.debug.level=debug',
      "Bad value 'debug' for setting 'dbms.logs.debug.level': must be one of [DEBUG, INFO, WARN, ERROR, NONE] case sensitive",
    ],
    [
      'dbms.logs.debug.rotation.keep_number=0',
      "Bad value '0' for setting 'dbms.logs.debug.rotation.keep_number': minimum allowed value is: 1",
    ],
    [
      'causal_clustering.handshake_timeout= 5 s',
      "Bad value '5 s' for setting 'causal_clustering.handshake_timeout': Unrecognized unit ' s'. Valid units are: 'ms', 's', 'm' and 'h'; default unit is 's'",
    ],
    [
      'causal_clustering.handshake_timeout=',
      "Bad value '' for setting 'causal_clustering.handshake_timeout': For input string: \"\"",
    ],
    [
      'causal_clustering.protocol_implementations.catchup=1,2,x',
      "Bad value '1,2,x' for setting 'causal_clustering.protocol_implementations.catchup': not a valid integer value",
    ],
    [
      'tools.consistency_checker.check_graph=1',
      "Bad value '1' for setting 'tools.consistency_checker.check_graph': must be 'true' or 'false'",
    ],
    [
      'dbms.config.strict_validation=maybe',
      "Bad value 'maybe' for setting 'dbms.config.strict_validation': must be 'true' or 'false'",
    ],
    [
      'dbms.config.strict_validation=true\ndbms.backup.adress=1',
      "Unknown config option 'dbms.backup.adress'. To resolve either remove it from your configuration or set 'dbms.config.strict_validation' to false.",
    ],
    [
      'dbms.config.strict_validation=true\nmetrics.foo=1',
      "Unknown config option 'metrics.foo'. To resolve either remove it from your configuration or set 'dbms.config.strict_validation' to false.",
    ],
  ])('%j is refused as by the original, with the line', async (conf, original) => {
    const error: GraphkeepError = await load(conf).then(
      () => expect.unreachable(),
      (caught) => caught,
    );
    expect(error.code).toBe('config');
    expect(error.original ?? error.message).toBe(original);
    expect(error.place).toEqual({ file: join(root, 'conf', 'neo4j.conf'), line: conf.split('\n').length });
  });

  it('a bad value is refused in a sentence, with the line of the file that won', async () => {
    await expect(load('\ndbms.backup.address=h:1\n', '# more\n\ndbms.backup.address=h:x\n')).rejects.toMatchObject({
      message:
        "Bad value 'h:x' for setting 'dbms.backup.address': 'h:x' has no valid port: a number from 1 to 65535 is needed",
      place: { file: join(root, 'additional.conf'), line: 3 },
    });
  });

  it.each([
    'dbms.backup.enabled= TRUE ',
    'dbms.backup.address=1.2.3.4:',
    'dbms.checkpoint=foo',
    'dbms.checkpoint.iops.limit=-5',
    'dbms.tx_log.rotation.size=2 M',
    'causal_clustering.protocol_implementations.catchup=1, 2',
    'dbms.memory.pagecache.size=abc',
    'dbms.unknown=1',
    'dbms.config.strict_validation=true\nfoo.bar=1\ncypher.foo=1\napoc.foo=1',
    'dbms.config.strict_validation=true\ndbms.memory.heap.max_size=512m\ndbms.jvm.additional=-Dx',
    'dbms.config.strict_validation=true\ndbms.connector.foo.type=BOLT\ndbms.ssl.policy.foo.base_directory=x',
    'dbms.config.strict_validation=true\nha.server_id=1\nmetrics.enabled=false\ncausal_clustering.expected_core_cluster_size=3',
  ])('%j is accepted', async (conf) => {
    await load(conf);
  });

  it('loadClientConfig reports a configured address without a host better than the real tool ("hostname cannot be null")', async () => {
    expect((await load('dbms.backup.address=:99')).get(settings.backupAddress)).toEqual({ port: 99 });
  });
});

describe('the table of settings', () => {
  it('the table of settings has defaults that its own parsers accept, and unique names', () => {
    const all = Object.values(settings);
    for (const setting of all) setting.parse(setting.default);
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  });
});
