import { GraphkeepError } from '../../base/errors.ts';
import { printableLine } from '../../base/printable-text.ts';
import { formatBytes } from '../../config/sizes.ts';
import { copyRepository } from '../../repository/copying/repository-copy.ts';
import { openNamedRepository, readIdentities } from '../commands/repository-request.ts';
import { DAMAGED_REPOSITORY } from '../failure-lines.ts';
import { FaultList } from './fault-list.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';

/** `graphkeep copy`: brings what is new in one repository into another. @returns the exit code */
export async function copyBody({ values, context }: Invocation, reporter: Reporter): Promise<number> {
  const { signal } = context;
  const from = await openNamedRepository(values, context);
  const to = await openNamedRepository(values, context, { prefix: 'to-' });
  if (from.store.address === to.store.address)
    throw new GraphkeepError('usage', '--repo and --to-repo are the same repository');
  const faults = new FaultList();
  const result = await copyRepository({
    from,
    to,
    database: values.optional('database'),
    identities: await readIdentities(from, values, context),
    signal,
    onProgress: (bytes, totalBytes) => reporter.progress({ phase: 'copying files', bytes, totalBytes }),
    onFault: (error) => faults.add(error),
  });
  const { databases, isSealedAnew, bases, knownBases, segments, objects, bytes } = result;
  const sealed = isSealedAnew ? ', sealed anew' : '';
  const there = knownBases === 0 ? '' : `; ${count(knownBases, 'full backup')} there already`;
  const done =
    objects === 0
      ? `${to.store.address}: nothing new${there}`
      : `${to.store.address}: ${count(bases, 'full backup')} and ${count(segments, 'piece')} of log copied, ${formatBytes(bytes)}${sealed}${there}`;
  reporter.report([...faults.lines.map((line) => `not copied: ${line}`), done].map(printableLine).join('\n'), {
    repository: from.store.address,
    target: to.store.address,
    databases: [...databases],
    sealedAnew: isSealedAnew,
    bases,
    knownBases,
    segments,
    objects,
    bytes,
    ...faults.data,
  });
  return faults.count === 0 ? 0 : DAMAGED_REPOSITORY;
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}
