// Writes docs/reference.md from the tables in src/.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { referencePage } from '../src/cli/reference-page.ts';

writeFileSync(fileURLToPath(new URL('../docs/reference.md', import.meta.url)), referencePage());
