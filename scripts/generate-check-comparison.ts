// Writes the tables of docs/formats/consistency-check.md: kinds of findings, and the comparison with the real checkers (takes a minute).
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { replaceSection } from '../test/support/build/page-section.ts';
import { compareCheckers, renderComparison, renderKinds } from '../test/support/stores/check-comparison.ts';

const path = fileURLToPath(new URL('../docs/formats/consistency-check.md', import.meta.url));

const page = replaceSection(readFileSync(path, 'utf8'), 'kinds', 'docs:check', renderKinds());
writeFileSync(path, replaceSection(page, 'comparison', 'docs:check', renderComparison(await compareCheckers())));
