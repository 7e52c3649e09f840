// Reads the report of a run of the tests: `node .ci/read-report.mjs REPORT.json FAILURES`. Prints how many passed and failed, and adds to
// the file FAILURES what failed.
import { appendFileSync, readFileSync } from 'node:fs';

const MOST_LINES = 40;

const [path, failuresPath] = process.argv.slice(2);
const tell = (text) => appendFileSync(failuresPath, `== ${text}\n`);

/** The message and the lines of our own code; the rest is in the log of the run. */
function shortened(message) {
  const lines = message.split('\n').filter((line) => !/node_modules|at new Promise/.test(line));
  return lines.slice(0, MOST_LINES).join('\n');
}

function readReport() {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    tell(`no report of the tests: ${error.message}`);
    return { numPassedTests: 0, numFailedTests: 1, testResults: [] };
  }
}

const report = readReport();
console.log(report.numPassedTests, report.numFailedTests);
for (const file of report.testResults) {
  const failed = file.assertionResults.filter(({ status }) => status === 'failed');
  for (const { fullName, failureMessages } of failed) {
    tell(`failed: ${file.name}: ${fullName}\n${failureMessages.map(shortened).join('\n')}`);
  }
  // A file that could not be loaded, or whose set-up failed, has no test to blame.
  if (file.status === 'failed' && failed.length === 0) {
    tell(`failed: ${file.name}\n${shortened(file.message || 'See above: not a test of its own.')}`);
  }
}
