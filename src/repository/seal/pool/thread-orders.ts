import type { MessagePort } from 'node:worker_threads';
import { packError } from '../../../base/packed-errors.ts';
import type { FailedAnswer } from './pool-thread.ts';

/**
 * Follows the orders that a worker thread gets, one after the other. After an error, which goes to the main thread, it does nothing any
 * more.
 */
export function followOrders<Order>(port: MessagePort, follow: (order: Order) => Promise<void>): void {
  let done = Promise.resolve();
  port.on('message', (order: Order) => {
    done = done
      .then(() => follow(order))
      .catch((error: unknown) => {
        port.postMessage({ kind: 'failed', error: packError(error) } satisfies FailedAnswer);
        port.close();
      });
  });
}
