// Writes docs/reference.md and graphkeep.schema.json from the tables in src/, the examples into
// docs/api.md, and the results with releases into docs/modern-servers.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { referencePage } from '../src/cli/reference-page.ts';
import { apiPagePath, withExamples } from '../test/support/build/api-page.ts';
import { schemaText } from '../test/support/build/schema-text.ts';
import { modernPagePath, readReleaseResults } from '../test/support/modern/release-results.ts';
import { withReleaseTable } from '../test/support/modern/release-table.ts';

writeFileSync(fileURLToPath(new URL('../docs/reference.md', import.meta.url)), referencePage());
writeFileSync(fileURLToPath(new URL('../graphkeep.schema.json', import.meta.url)), schemaText());
writeFileSync(apiPagePath, withExamples(readFileSync(apiPagePath, 'utf8')));
writeFileSync(modernPagePath, withReleaseTable(readFileSync(modernPagePath, 'utf8'), readReleaseResults()));
