import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a fake server does. */
export interface FakeBehaviour {
  /** What its Java says of itself. */
  readonly java: string;
  /** `silent`: it runs and never answers; `refuse`: it runs, but its database is offline. */
  readonly start: 'serve' | 'refuse' | 'die' | 'silent';
  /** What its log says when it refuses. */
  readonly cause: string;
  readonly nodes: number;
  readonly relationships: number;
  readonly check: 'sound' | 'damaged' | 'broken';
}

const USUAL: FakeBehaviour = {
  java: '17.0.15',
  start: 'serve',
  cause: 'java.lang.RuntimeException: Store files are missing',
  nodes: 193,
  relationships: 400,
  check: 'sound',
};

/**
 * The home of a server, and a Java beside it that only pretends: it answers a drill as a real server does, or fails as it is told.
 * What real servers do is in test/interop/modern-drill.test.ts.
 */
export class FakeServer {
  readonly home: string;
  readonly javaHome: string;
  private readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
    this.home = join(directory, 'home');
    this.javaHome = join(directory, 'jdk');
  }

  static make(directory: string, version: string, mainClass = 'org/neo4j/server/CommunityEntryPoint'): FakeServer {
    const server = new FakeServer(directory);
    const lib = join(server.home, 'lib');
    const bin = join(server.javaHome, 'bin');
    for (const folder of [lib, bin]) mkdirSync(folder, { recursive: true });
    for (const name of ['neo4j-kernel-api', 'neo4j-kernel']) writeFileSync(join(lib, `${name}-${version}.jar`), '');
    writeFileSync(join(lib, `neo4j-${version}.jar`), `PK\0\0${mainClass}.class\0`);
    writeFileSync(join(bin, 'java'), `#!${process.execPath}\n${PROGRAM}`, { mode: 0o755 });
    server.behave({});
    return server;
  }

  /** For what is started from now on. */
  behave(behaviour: Partial<FakeBehaviour>): void {
    writeFileSync(join(this.directory, 'behaviour.json'), JSON.stringify({ ...USUAL, ...behaviour }));
  }

  /** Every process that was ever started. */
  get pids(): number[] {
    const file = join(this.directory, 'pids');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
  }

  /** The command line of the process that was started last. */
  get args(): string[] {
    return JSON.parse(readFileSync(join(this.directory, 'args.json'), 'utf8')) as string[];
  }
}

/** Plain JavaScript of any Node. The pid comes last: who sees it sees the rest. */
const PROGRAM = `
const { createServer } = require('node:http');
const { appendFileSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const own = join(__dirname, '../..');
const behaviour = JSON.parse(readFileSync(join(own, 'behaviour.json'), 'utf8'));
const args = process.argv.slice(2);
if (args[0] === '-version') {
  console.error('openjdk version "' + behaviour.java + '" 2025-04-15');
  process.exit(0);
}
writeFileSync(join(own, 'args.json'), JSON.stringify(args));
appendFileSync(join(own, 'pids'), process.pid + '\\n');
const valueOf = (pattern) => args.map((arg) => pattern.exec(arg)).find((found) => found !== null)?.[1];
if (args.includes('org.neo4j.cli.AdminTool')) {
  const time = '2026-12-01 00:11:32.626+0000 ';
  const entry = time + 'ERROR Index inconsistency: Keys in tree node 5 are out of order.\\n\\tIndex file: index-3.\\n';
  const untidy = time + 'WARN  Something is untidy.\\n';
  const summary = time + 'WARN  Inconsistencies found: ConsistencySummaryStatistics {\\n\\tNumber of errors: 1\\n\\tNumber of warnings: 1\\n}\\n';
  if (behaviour.check === 'damaged') writeFileSync(join(valueOf(/^--report-(?:path|dir)=(.*)/), 'x.report'), entry + untidy + summary);
  if (behaviour.check === 'broken') console.error('the checker has no memory');
  process.exit(behaviour.check === 'sound' ? 0 : 1);
}
if (behaviour.start === 'die') {
  console.log('this server does not want to');
  process.exit(1);
}
process.on('SIGTERM', () => process.exit(0));
const home = valueOf(/^--home-dir=(.*)/);
const port = Number(/http\\.listen_address=127\\.0\\.0\\.1:(\\d+)/.exec(readFileSync(join(home, 'conf/neo4j.conf'), 'utf8'))[1]);
const refuses = behaviour.start === 'refuse';
if (refuses) {
  const lines = ['2026-12-01 00:13:22.923+0000 ERROR [o.n.d.d.X] Failed to start', '\\tat some.Place', 'Caused by: ' + behaviour.cause];
  writeFileSync(join(home, 'logs/debug.log'), lines.join('\\n') + '\\n');
}
const answer = (statement) => {
  const of = (columns, ...rows) => ({ columns, data: rows.map((row) => ({ row })) });
  if (statement === 'SHOW DATABASES') {
    const columns = ['name', 'currentStatus', 'statusMessage'];
    const state = refuses ? ['offline', 'An error occurred!'] : ['online', ''];
    return of(columns, ['neo4j', ...state], ['system', 'online', '']);
  }
  if (statement.startsWith('SHOW INDEXES')) return of(['state']);
  return of(['count'], [statement.includes('-[r]-') ? behaviour.relationships : behaviour.nodes]);
};
if (behaviour.start === 'silent') setInterval(() => {}, 1000);
else
  createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => {
      body += piece;
    });
    request.on('end', () => {
      const results = JSON.parse(body).statements.map(({ statement }) => answer(statement));
      response.end(JSON.stringify({ results, errors: [] }));
    });
  }).listen(port, '127.0.0.1');
`;
