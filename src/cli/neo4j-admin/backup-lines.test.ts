import { expect, it } from 'vitest';
import type { BackupEvent } from '../../backup/backup-events.ts';
import { BackupLines } from './backup-lines.ts';

const now = () => new Date(Date.UTC(2026, 10, 22, 8, 48, 53, 32));
const STAMP = '2026-11-22 08:48:53.032+0000 INFO ';
const sums = { copiedFiles: 1, copiedBytes: 8192 };

/** The lines of events, in order. */
function render(...events: BackupEvent[]): string[] {
  const lines = new BackupLines(now);
  return events.map((event) => lines.render(event)).filter((line) => line !== undefined);
}

it('files are reported in the lines of the manual', () => {
  const lines = render(
    { kind: 'file-began', name: 'neostore' },
    { kind: 'file-progress', name: 'neostore', bytes: 8192, ...sums },
    { kind: 'file-ended', name: 'neostore', bytes: 8192, ...sums },
    { kind: 'copy-ended', files: 1, bytes: 8192 },
  );
  expect(lines).toEqual([
    `${STAMP} [o.n.c.s.StoreCopyClient] Copying neostore`,
    `${STAMP} [o.n.c.s.StoreCopyClient] Copied neostore 8.00 kB`,
    `${STAMP} [o.n.c.s.StoreCopyClient] Done, copied 1 files`,
  ]);
});

it.each([
  [0, '0.00 B'],
  [1023, '1023.00 B'],
  [8192, '8.00 kB'],
  [1.5 * 1024 ** 3, '1.50 GB'],
  [5000 * 1024 ** 4, '5000.00 TB'],
])('a file of %d bytes has %s', (bytes, text) => {
  expect(render({ kind: 'file-ended', name: 'a', bytes, ...sums })[0]).toMatch(new RegExp(` Copied a ${text}$`));
});

const transactions: BackupEvent[] = [
  { kind: 'transactions-began', first: 7 },
  { kind: 'transactions-ended', transactions: 3, bytes: 900, last: 9 },
];

it('transactions are reported for a cluster only', () => {
  expect(render({ kind: 'attempt-began', backup: 'full', protocol: 'catchup' }, ...transactions)).toEqual([
    'Doing full backup...',
    `${STAMP} [o.n.b.i.BackupOutputMonitor] Start receiving transactions from 7`,
    `${STAMP} [o.n.b.i.BackupOutputMonitor] Finish receiving transactions at 9`,
  ]);
  expect(render({ kind: 'attempt-began', backup: 'incremental', protocol: 'common' }, ...transactions)).toEqual([
    'Destination is not empty, doing incremental backup...',
  ]);
});

it('each attempt is reported once for all protocols', () => {
  const lines = render(
    { kind: 'attempt-began', backup: 'incremental', protocol: 'catchup' },
    { kind: 'attempt-began', backup: 'incremental', protocol: 'common' },
    { kind: 'attempt-began', backup: 'full', protocol: 'common' },
  );
  expect(lines).toEqual(['Destination is not empty, doing incremental backup...', 'Doing full backup...']);
});
