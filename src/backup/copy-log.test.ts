import { expect, it } from 'vitest';
import { CopyLog, formatSize } from './copy-log.ts';

it.each([
  [0, '0.00 B'],
  [1023, '1023.00 B'],
  [8192, '8.00 kB'],
  [1.5 * 1024 ** 3, '1.50 GB'],
  [5000 * 1024 ** 4, '5000.00 TB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});

it('tells of files in the lines of the manual, and of progress in numbers', () => {
  const lines: string[] = [];
  const progress: unknown[] = [];
  const log = new CopyLog({
    line: (text) => lines.push(text),
    note: () => {},
    debug: () => {},
    progress: (done) => progress.push(done),
  });
  log.begin('neostore');
  log.advance(8192);
  log.end('neostore', 8192);
  log.enter('reading the log');
  log.done();
  const stamp = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\+0000 INFO {2}\[o\.n\.c\.s\.StoreCopyClient\] /;
  expect(lines.every((line) => stamp.test(line))).toBe(true);
  expect(lines.map((line) => line.replace(stamp, ''))).toEqual([
    'Copying neostore',
    'Copied neostore 8.00 kB',
    'Done, copied 1 files',
  ]);
  expect(progress).toEqual([
    { bytes: 8192, files: 0, phase: 'files' },
    { bytes: 8192, files: 1, phase: 'files' },
    { bytes: 8192, files: 1, phase: 'reading the log' },
  ]);
});
