import type { GraphkeepError } from '../../base/errors.ts';
import type { RepeatedRequest } from '../repeated-request.ts';
import type { ConnectionOptions } from './connection-opening.ts';
import type { RetryLimits } from './retry-plan.ts';

/** A cluster member and how to talk to it. */
export interface MemberOptions extends ConnectionOptions {
  /** `host:port`, for messages. */
  peer: string;
  /** Number of connections that fetch files in parallel, at least 1. */
  connections: number;
  /** Limits for each file, and for a stream of transactions that broke off. */
  retry: RetryLimits;
  /** Called before each pause with the request that is repeated and the reason; `attempt` counts from 1. */
  onRetry: (request: RepeatedRequest, error: GraphkeepError, attempt: number) => void;
}
