import { cpSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { checkStore } from '../../src/check/store-check.ts';
import { findRecoveryStart } from '../../src/log/v3/recovery-start.ts';
import { findPendingLog } from '../../src/replay/pending-log.ts';
import { runJob } from '../support/commands/run-job.ts';
import { campaign } from '../support/random/campaign-size.ts';
import {
  awaitIndexes,
  describeInterop,
  expectSoundCheck,
  exportGraph,
  findDifferences,
  makeScratch,
  openCopy,
  RandomLoad,
  startServer,
} from './harness/index.ts';

const incremental = { fallbackToFull: false };

describeInterop('what exists nowhere else', () => {
  it('the commands of explicit indexes wait in the log for the server, through several incrementals', async () => {
    const server = await startServer({ version: '3.4.9' });
    onTestFinished(() => server.kill());
    const load = new RandomLoad(server, { values: 'plain', explicitIndexes: true });
    await load.run(200);
    const backupDir = makeScratch('backups');
    const backup = path.join(backupDir, 'b');
    // A first full copy during such transactions is left to the server too.
    await load.start();
    await runJob(server.backupAddress, backupDir, 'b');
    await load.stop();
    for (let round = 0; round < 3; round++) {
      await load.run(150);
      const { report, notes } = await runJob(server.backupAddress, backupDir, 'b', incremental);
      expect(report.kind).toBe('incremental');
      expect(notes.join('\n')).toContain('change explicit indexes');
      expect(findRecoveryStart(backup).needed).toBe(true);
    }
    const source = await exportGraph(server);
    expect(source.explicitIndexes).not.toEqual([]);
    const copy = await openCopy('3.4.9', backup);
    onTestFinished(() => copy.kill());
    expect(findDifferences(source, await exportGraph(copy))).toEqual([]);
    await copy.stop();
    await expectSoundCheck('3.4.9', copy.storeDirectory, false);
    await server.stop();
  });

  it.each(campaign.few(['3.4.9', '3.5.0-beta03'] as const, 1))(
    'the server of %s finds labels and indexed values of explicit indexes as they are after its recovery',
    async (version) => {
      const server = await startServer({ version });
      onTestFinished(() => server.kill());
      await server.cypher('CREATE INDEX ON :A(number)');
      await server.cypher('CREATE (:A {number: 1})');
      const backupDir = makeScratch('backups');
      await runJob(server.backupAddress, backupDir, 'b');
      await server.cypher(
        "CREATE (n:B) WITH n CALL db.index.explicit.addNode('people', n, 'word', 'x') YIELD success RETURN success",
      );
      await server.cypher('MATCH (a:A) DELETE a');
      await runJob(server.backupAddress, backupDir, 'b', incremental);
      const backup = path.join(backupDir, 'b');
      expect(findPendingLog(backup)).toMatchObject({ first: expect.any(Number) });
      expect(await checkStore(backup)).toMatchObject({ consistent: true, pending: expect.anything() });
      const copy = await openCopy(version, backup);
      onTestFinished(() => copy.kill());
      await awaitIndexes(copy);
      const count = async (pattern: string) => (await copy.cypher(`MATCH ${pattern} RETURN id(n)`)).rows.length;
      expect(await count('(n:A)')).toBe(0);
      expect(await count('(n:A) WHERE n.number = 1')).toBe(0);
      expect(await count('(n:B)')).toBe(1);
      await copy.stop();
      await expectSoundCheck(version, copy.storeDirectory, true);
      await server.stop();
    },
  );

  it('the settings of fulltext indexes survive an incremental that changes their content', async () => {
    const server = await startServer({ version: '3.5.0-beta03' });
    onTestFinished(() => server.kill());
    await server.cypher(
      "CALL db.index.fulltext.createNodeIndex('texts', ['Text'], ['text'], {analyzer: 'whitespace'})",
    );
    const write = (text: string) => server.cypher('CREATE (:Text {text: $text})', { text });
    await write('One-Word here');
    const backupDir = makeScratch('backups');
    const full = await runJob(server.backupAddress, backupDir, 'b');
    expect(full.notes.join('\n')).toContain('does not send the settings of fulltext index texts');
    // Only somebody who can read the server's files can supply them.
    const settings = 'schema/index/fulltext-1.0/1/fulltext-1.0/fulltext-index.properties';
    cpSync(path.join(server.storeDirectory, settings), path.join(backupDir, 'b', settings));
    await write('Another-Word there');
    const { notes } = await runJob(server.backupAddress, backupDir, 'b', incremental);
    expect(notes.join('\n')).toContain('texts will be populated by the server');
    await server.stop();
    const copy = await openCopy('3.5.0-beta03', path.join(backupDir, 'b'));
    onTestFinished(() => copy.kill());
    await exportGraph(copy);
    const query = async (words: string) => {
      const statement =
        "CALL db.index.fulltext.queryNodes('texts', $words) YIELD node RETURN node.text ORDER BY node.text";
      return (await copy.cypher(statement, { words })).rows.map(([text]) => text);
    };
    // The standard analyzer would split at the hyphen and ignore case.
    expect(await query('Another-Word')).toEqual(['Another-Word there']);
    expect(await query('One-Word')).toEqual(['One-Word here']);
    expect(await query('another')).toEqual([]);
    await copy.stop();
  });
});
