import { expect, test } from 'vitest';
import { withPrintableOutput } from './printable-output.ts';

let written = '';
const context = {
  env: {},
  cwd: '/',
  stdout: (text: string) => {
    written += text;
  },
  stderr: () => {},
  signal: new AbortController().signal,
  now: () => new Date(0),
};

test.each([
  ['once', () => withPrintableOutput(context)],
  ['twice', () => withPrintableOutput(withPrintableOutput(context))],
])('a line of JSON is never cut however long it is, and a line of text is (behind the safeguard %s)', (_, make) => {
  const safe = make();
  const files = Array.from({ length: 2000 }, (_, version) => ({
    name: `neostore.transaction.db.${version}`,
    bytes: 16,
  }));
  written = '';
  safe.printJson({ files, hostile: '\u009b31m' });
  expect(written.length).toBeGreaterThan(50_000);
  expect(JSON.parse(written)).toEqual({ files, hostile: '\u009b31m' });
  expect(written).not.toMatch(/(?!\n)\p{Cc}/u);
  written = '';
  safe.stdout(`${'x'.repeat(50_000)}\n`);
  expect(written.length).toBeLessThan(8200);
});
