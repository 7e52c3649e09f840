// Prints what failed in a run of the tests: `node .ci/failures.mjs REPORT.json`.
import { readFileSync } from 'node:fs';

const LINES_PER_MESSAGE = 40;

/** The first lines of a message; the rest is in the log of the run. */
const shortened = (message) => message.split('\n').slice(0, LINES_PER_MESSAGE).join('\n');

let report;
try {
  report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
} catch (error) {
  console.log(`== no report of the tests: ${error.message}`);
  process.exit(0);
}
for (const file of report.testResults) {
  for (const test of file.assertionResults) {
    if (test.status !== 'failed') continue;
    console.log(`== failed: ${file.name}: ${test.fullName}\n${test.failureMessages.map(shortened).join('\n')}`);
  }
  // A file that could not be loaded, or whose set-up failed, has no test to blame.
  if (file.status === 'failed' && file.message) console.log(`== failed: ${file.name}\n${shortened(file.message)}`);
}
