import { GraphkeepError } from '../../base/errors.ts';
import type { LogChain } from '../catalogue/log-chain.ts';
import type { Manifest } from '../catalogue/manifest.ts';
import { type BasePoint, type Moment, type NoPlan, planRestore, type RestorePlan } from '../catalogue/restore-plan.ts';
import type { TimelineHistory } from './database-history.ts';

export interface RestoreChoice {
  readonly manifest: Manifest;
  readonly plan: RestorePlan;
}

const NO_LOG: LogChain = { runs: [], unfinished: [], conflicts: [] };

/**
 * What to read to bring back a moment.
 * @param where the database in its repository, for errors
 * @throws GraphkeepError `repository.no-backup`, `repository.not-reached`
 */
export function chooseRestore(histories: readonly TimelineHistory[], moment: Moment, where: string): RestoreChoice {
  const manifests = histories.flatMap(({ bases }) => bases);
  const chains = new Map(histories.map(({ timeline, chain }) => [timeline.id, chain]));
  const plan = planRestore(manifests.map(pointOf), (timeline) => chains.get(timeline) ?? NO_LOG, moment);
  if ('kind' in plan) throw describeNoPlan(plan, where);
  return { plan, manifest: manifests.find(({ id }) => id === plan.base.id)! };
}

function pointOf({ id, timeline, consistentAt, newestCommit }: Manifest): BasePoint {
  return { id, timeline, transaction: consistentAt.transaction, checksum: consistentAt.checksum, newestCommit };
}

function describeNoPlan(plan: NoPlan, where: string): GraphkeepError {
  const place = { object: where };
  switch (plan.kind) {
    case 'no-base':
      return new GraphkeepError('repository.no-backup', 'the repository has no complete backup of this database', {
        place,
      });
    case 'too-early': {
      const { transaction, newestCommit } = plan.oldest;
      return new GraphkeepError('repository.not-reached', 'the moment is before the oldest backup', {
        place,
        observed: `it is complete as of transaction ${transaction}, ${newestCommit.toISOString()}`,
      });
    }
    case 'not-reached':
      return new GraphkeepError('repository.not-reached', 'the moment is not in the repository', {
        place,
        observed: `the log after base ${plan.base.id} ends with transaction ${plan.last}`,
      });
  }
}
