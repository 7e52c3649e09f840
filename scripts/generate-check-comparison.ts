// Writes the tables of docs/formats/consistency-check.md: kinds of findings, and the comparison with the real checkers (takes a minute).
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compareCheckers, renderComparison, renderKinds } from '../test/support/stores/check-comparison.ts';

const path = fileURLToPath(new URL('../docs/formats/consistency-check.md', import.meta.url));

function replaceSection(page: string, name: string, content: string): string {
  const begin = `<!-- ${name}: made by \`npm run docs:check\` -->`;
  const end = `<!-- /${name} -->`;
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page has no section ${name}`);
  return `${page.slice(0, from + begin.length)}\n\n${content}\n\n${page.slice(to)}`;
}

const page = replaceSection(readFileSync(path, 'utf8'), 'kinds', renderKinds());
writeFileSync(path, replaceSection(page, 'comparison', renderComparison(await compareCheckers())));
