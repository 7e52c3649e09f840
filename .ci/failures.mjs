// Prints what failed in a run of the tests: `node .ci/failures.mjs REPORT.json`.
import { readFileSync } from 'node:fs';

const MOST_LINES = 40;

/** The message and the lines of our own code; the rest is in the log of the run. */
function shortened(message) {
  const lines = message.split('\n').filter((line) => !/node_modules|at new Promise/.test(line));
  return lines.slice(0, MOST_LINES).join('\n');
}

let report;
try {
  report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
} catch (error) {
  console.log(`== no report of the tests: ${error.message}`);
  process.exit(0);
}
for (const file of report.testResults) {
  const failed = file.assertionResults.filter(({ status }) => status === 'failed');
  for (const { fullName, failureMessages } of failed) {
    console.log(`== failed: ${file.name}: ${fullName}\n${failureMessages.map(shortened).join('\n')}`);
  }
  // A file that could not be loaded, or whose set-up failed, has no test to blame.
  if (file.status === 'failed' && failed.length === 0) {
    console.log(`== failed: ${file.name}\n${shortened(file.message || 'See above: not a test of its own.')}`);
  }
}
