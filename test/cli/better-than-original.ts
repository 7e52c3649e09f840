import { version } from '../../src/base/own-version.ts';
import { backup } from '../../src/cli/command-table.ts';
import { commandUsage } from '../../src/cli/neo4j-admin/usage-text.ts';
import type { Transcript } from './transcript.ts';
import { maskUsageProse } from './usage-structure.ts';

/** Our output where it differs from the original. Parts not named are as in the capture. */
export interface Expectation {
  stdout?: string;
  stderr?: string;
  exitCode?: number;
}

interface Improvement {
  reason: string;
  /** Scenarios without their version, or a predicate on the capture. */
  applies: readonly string[] | ((transcript: Transcript) => boolean);
  change: (expected: Required<Expectation>, transcript: Transcript) => Expectation;
}

const MISSING =
  '    Something in this path does not exist, or was removed meanwhile. Correct the path, or create what is missing.\n';

/** Every place where we differ from the real tool, and why. The list is applied from top to bottom. */
export const improvements: readonly Improvement[] = [
  {
    reason:
      'The copy is reported in the words of the manual (Doing full backup..., Copying, Copied), by the backup job itself.',
    applies: ({ stdout }) => /BackupOutputMonitor|lines per file removed/.test(stdout),
    change: ({ stdout }) => ({
      stdout: stdout.replace(/^(.*BackupOutputMonitor.*|\[\d+ lines per file removed\])\n/gm, ''),
    }),
  },
  {
    reason: 'The progress of the consistency check is not drawn in dots; a check that finds nothing is silent.',
    applies: ({ args = [], exitCode, stderr }) => args[0] === 'backup' && exitCode === 0 && /^\.\.\./.test(stderr),
    change: () => ({ stderr: '' }),
  },
  {
    reason: 'The cause of each strategy and what to do next, where the original keeps it for NEO4J_DEBUG.',
    applies: ({ stderr }) => stderr === 'command failed: Failed to run a backup using the available strategies.\n',
    change: ({ stderr }, { scenario }) => {
      const server = unreachable[scenario];
      const attempt = (protocol: string) =>
        `    ${protocol} protocol: cannot connect (server ${server}; observed ECONNREFUSED)\n`;
      const hint =
        '    Check that the server runs, that dbms.backup.enabled is true and that --from names its dbms.backup.address.\n';
      return { stderr: stderr + attempt('catchup') + attempt('common') + hint };
    },
  },
  {
    reason: 'A port above 65535 is a usage error; the original starts and dies of "unexpected error: null".',
    applies: ['addr-03'],
    change: () => ({
      stdout: '',
      stderr: `Port must be between 1 and 65535: 70000\n\n${maskUsageProse(commandUsage(backup))}`,
    }),
  },
  {
    reason: 'Our own version.',
    applies: ['arg-version', 'arg-version-after'],
    change: () => ({ stdout: `neo4j-admin ${version} (graphkeep)\n` }),
  },
  {
    reason: 'The open build has no TLS and refuses every policy; we have it, and say what this one lacks.',
    applies: ['conf-ssl'],
    change: () => ({
      stderr:
        'unexpected error: Missing mandatory setting: dbms.ssl.policy.foo.base_directory\n' +
        '    file $HOME2_DIR/conf/neo4j.conf, line 1\n' +
        '    Set dbms.ssl.policy.foo.base_directory to the directory with the key and the certificates, or correct the name of the policy in dbms.backup.ssl_policy.\n',
    }),
  },
  {
    reason: 'File and line of a bad setting.',
    applies: ['conf-badaddr', 'conf-badvalue', 'conf-strict'],
    change: ({ stderr }) => ({
      stderr: `${stderr}    file $HOME2_DIR/conf/neo4j.conf, line 1\n    Correct the setting in the configuration file.\n`,
    }),
  },
  {
    reason: 'Why a file of settings could not be read.',
    applies: ['arg-additional-config-dir'],
    change: ({ stderr }) => ({
      stderr: `${stderr}    observed not a regular file\n    Correct the path, or make the file readable.\n`,
    }),
  },
  {
    reason: 'Why a file of settings could not be read.',
    applies: ['arg-missing-additional-config'],
    change: ({ stderr }) => ({
      stderr: `${stderr}    observed ENOENT: no such file or directory, stat '$WORK_DIR/nope.conf'\n${MISSING}`,
    }),
  },
  {
    reason: 'As 3.5: nothing to unbind is not a failure (3.4 ends with exit code 1).',
    applies: ['unbind-nodb', 'unbind-standalone'],
    change: () => ({ stderr: 'This instance was not bound. No work performed.\n', exitCode: 0 }),
  },
  {
    reason: 'The place and the reason of an error of the disk.',
    applies: ['dump-nodir'],
    change: ({ stderr }) => ({
      stderr:
        `${stderr}    file $BACKUP_DIR/n34/no/such; observed ENOENT: no such file or directory, stat '$BACKUP_DIR/n34/no/such'\n` +
        MISSING,
    }),
  },
  {
    reason: 'Why it is not an archive.',
    applies: ['load-notarchive'],
    change: ({ stderr }) => ({
      stderr: `${stderr}    observed it is neither gzip nor zstd\n    Give load a file that the dump command has made.\n`,
    }),
  },
];

const unreachable: Record<string, string> = {
  'addr-08': '::1:21362',
  'addr-10': '::1:21362',
  'addr-11': 'nosuchhost.invalid:6362',
  'addr-13': '127.0.0.1:21399',
  'addr-15': 'a b:1',
  'addr-16': 'localhost:6362',
  'addr-20': '21362:21362',
};
