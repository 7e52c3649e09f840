// Writes docs/reference.md from the tables in src/, and the examples into docs/api.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { referencePage } from '../src/cli/reference-page.ts';
import { apiPagePath, withExamples } from '../test/support/build/api-page.ts';

writeFileSync(fileURLToPath(new URL('../docs/reference.md', import.meta.url)), referencePage());
writeFileSync(apiPagePath, withExamples(readFileSync(apiPagePath, 'utf8')));
