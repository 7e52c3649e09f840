// A reporter of vitest for `.ci/run`: writes how many tests passed and failed to the file $COUNTS, and adds to the file $FAILURES what
// failed and why, with the causes of each error and what it observed.
import { appendFileSync, writeFileSync } from 'node:fs';

const MOST_LINES = 60;
/** What an error of graphkeep says beside its message. */
const DETAILS = ['code', 'place', 'observed'];

const tell = (text) => appendFileSync(process.env.FAILURES, `== ${text}\n`);

/** The message and the lines of our own code; the rest is in the log of the run. */
function shortened(text) {
  const lines = text.split('\n').filter((line) => !/node_modules|at new Promise|node:internal/.test(line));
  return lines.slice(0, MOST_LINES).join('\n');
}

function describe(error) {
  const parts = [shortened(error.stack || error.message || String(error))];
  // An assertion on long lists shows its difference here only.
  if (error.diff) parts.push(shortened(error.diff));
  const details = DETAILS.filter((name) => error[name] !== undefined);
  for (const name of details) parts.push(`${name}: ${shortened(JSON.stringify(error[name], leaveOutStacks, 1))}`);
  if (error.cause !== undefined && error.cause !== null) parts.push(`caused by ${describe(error.cause)}`);
  return parts.join('\n');
}

const leaveOutStacks = (key, value) => (key === 'stack' || key === 'cause' ? undefined : value);

export default class FailuresReporter {
  onTestRunEnd(modules, unhandled) {
    let passed = 0;
    let failed = 0;
    for (const module of modules) {
      let blamed = false;
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        if (state === 'passed') passed++;
        if (state !== 'failed') continue;
        failed++;
        blamed = true;
        tell(`failed: ${module.moduleId}: ${test.fullName}\n${errors.map(describe).join('\n')}`);
      }
      // A file that could not be loaded, or whose set-up failed, has no test to blame.
      if (module.state() !== 'failed' || blamed) continue;
      const suites = [...module.children.allSuites()].flatMap((suite) => suite.errors());
      tell(`failed: ${module.moduleId}\n${[...module.errors(), ...suites].map(describe).join('\n')}`);
    }
    for (const error of unhandled) tell(`outside of any test: ${describe(error)}`);
    writeFileSync(process.env.COUNTS, `${passed} ${failed}\n`);
  }
}
