import { type ReleaseResult, type ReleaseStep, releaseSteps } from './release-results.ts';

const TABLE = /(<!-- releases -->\n)[\s\S]*?(<!-- end -->)/;

const SERVER_DIFFERS =
  'the server itself kept other values than were sent to it in some nodes; its backups say what it says';

const columns: Readonly<Record<Exclude<ReleaseStep, 'start'>, string>> = {
  full: 'full',
  increments: '3 increments',
  moments: '3 moments',
  check: 'official checker',
  export: 'export and load',
};

const steps = releaseSteps.filter((step) => step !== 'start');

/** The page about servers from 4.2 on with the present results in their place. */
export function withReleaseTable(page: string, results: readonly ReleaseResult[]): string {
  return page.replace(TABLE, (_, begin: string, end: string) => `${begin}\n${renderReleaseTable(results)}\n${end}`);
}

/** A row for each series and format of the log, and a line for each release that was not all right. */
export function renderReleaseTable(results: readonly ReleaseResult[]): string {
  const groups = new Map<string, ReleaseResult[]>();
  for (const result of results.filter(({ log }) => log !== null)) {
    const key = `${result.release.split('.')[0]} ${result.log}`;
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  const rows = [...groups.values()].map((group) => [
    group.map(({ release }) => release).join(', '),
    String(group[0]!.log),
    ...steps.map((step) => `${group.filter(({ right }) => right.includes(step)).length} of ${group.length}`),
  ]);
  const head = ['releases', 'log', ...steps.map((step) => columns[step])];
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
  const faults = results.flatMap(({ release, serverDiffers, failed }) => [
    ...(failed === undefined ? [] : [`- ${release}, ${failed.step}: ${failed.reason}\n`]),
    ...(serverDiffers === undefined ? [] : [`- ${release}: ${SERVER_DIFFERS}\n`]),
  ]);
  return faults.length === 0 ? table : `${table}\n${faults.join('')}`;
}
