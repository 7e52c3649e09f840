import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { logFileName } from '../../../src/log/log-files.ts';
import type { LogPosition } from '../../../src/log/log-position.ts';
import { LogWriter } from '../../../src/log/v3/log-writer.ts';
import { type DecodedTransaction, encodeTransaction } from '../../../src/log/v3/transaction-codec.ts';
import type { Dice } from '../random/dice.ts';

export interface WrittenLog {
  /** The end of each transaction. */
  ends: LogPosition[];
  /** End of the last complete transaction or check point. */
  end: LogPosition;
}

/**
 * Writes the transactions into log files in `folder`, with random rotations. A check point that names the end of transaction `checkPoint`
 * (an index; -1 = the beginning) is somewhere after it. `torn`: the log ends inside a transaction.
 */
export async function writeHistoryLog(
  folder: string,
  transactions: readonly DecodedTransaction[],
  dice: Dice,
  checkPoint: number,
  torn = false,
): Promise<WrittenLog> {
  const version = dice.pick([0, 7]);
  const writer = LogWriter.create(folder, version, transactions[0]!.commit.transactionId - 1);
  const ends: LogPosition[] = [];
  let target = checkPoint < 0 ? writer.position : undefined;
  const entryAfter = dice.between(checkPoint, transactions.length - 1);
  const rotation = dice.pick([0, 0.1, 0.5]);
  for (const [index, transaction] of transactions.entries()) {
    if (entryAfter < index && target !== undefined) {
      writer.appendCheckPoint(target);
      target = undefined;
    }
    writer.appendTransaction(transaction);
    ends.push(writer.position);
    if (index === checkPoint) target = writer.position;
    if (dice.chance(rotation)) await writer.rotate();
  }
  if (target !== undefined) writer.appendCheckPoint(target);
  const end = writer.position;
  writer.close();
  if (torn) {
    const bytes = encodeTransaction(transactions.at(-1)!).view();
    appendFileSync(join(folder, logFileName(end.version)), bytes.subarray(0, dice.below(bytes.length - 1)));
  }
  return { ends, end };
}
