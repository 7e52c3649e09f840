import { cpSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { findRecoveryStart } from '../../src/log/recovery-start.ts';
import { runJob } from '../support/run-job.ts';
import {
  describeInterop,
  exportGraph,
  findDifferences,
  makeScratch,
  openCopy,
  RandomLoad,
  startServer,
} from './harness/index.ts';

const incremental = { fallbackToFull: false };

describeInterop('what exists nowhere else', () => {
  it('explicit indexes: their commands wait in the log for the server, through several incrementals', async () => {
    const server = await startServer({ version: '3.4.9' });
    onTestFinished(() => server.kill());
    const load = new RandomLoad(server, { values: 'plain', explicitIndexes: true });
    await load.run(300);
    const backupDir = makeScratch('backups');
    const backup = path.join(backupDir, 'b');
    await runJob(server.backupAddress, backupDir, 'b');
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
    await server.stop();
  });

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
    // Only whoever can read the files of the server can supply them.
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
