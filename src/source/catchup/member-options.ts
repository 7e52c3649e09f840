import type { GraphkeepError } from '../../base/errors.ts';
import type { RepeatedRequest } from '../repeated-request.ts';
import type { ConnectionOptions } from './connection-opening.ts';
import type { RetryLimits } from './retry-plan.ts';

/** A cluster member and how it is dealt with. */
export interface MemberOptions extends ConnectionOptions {
  /** `host:port`, for messages. */
  peer: string;
  /** Connections that fetch files at the same time, at least 1. */
  connections: number;
  /** For each file, and for a stream of transactions that broke off. */
  retry: RetryLimits;
  /** Told before each pause: what is asked for again and why; `attempt` counts from 1. */
  onRetry: (request: RepeatedRequest, error: GraphkeepError, attempt: number) => void;
}
