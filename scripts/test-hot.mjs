// Campaigns with real servers under load, in their long forms: of 3.x, or with `modern` of 4.2 and later. More arguments are for vitest.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [family, ...more] = process.argv.slice(2);
const isModern = family === 'modern';
const rest = isModern || family === undefined ? more : [family, ...more];

const hot = readdirSync(`${root}/test/interop/hot`).filter((name) => name.startsWith('modern-') === isModern);
const files = [...hot.map((name) => `test/interop/hot/${name}`), ...(isModern ? [] : ['test/interop/served'])];
const asked = rest.filter((arg) => !arg.startsWith('-'));
const chosen = asked.length === 0 ? files : files.filter((file) => asked.some((name) => file.includes(name)));
if (chosen.length === 0) throw new Error(`no campaign is called ${asked.join(', ')}`);

const command = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'interop', ...chosen];
const options = rest.filter((arg) => arg.startsWith('-'));
const { status } = spawnSync(process.execPath, [...command, ...options], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, GRAPHKEEP_CAMPAIGN: process.env.GRAPHKEEP_CAMPAIGN ?? 'long' },
});
process.exitCode = status ?? 1;
