import { GraphkeepError } from '../../../base/errors.ts';
import type { StreamedTransaction } from '../../../log/v3/transaction-stream.ts';
import { relateStores, type StoreIdentity } from '../../../store/files/store-id.ts';
import type { ContinuedBackup, KnownTransaction, ReceivedTransactions, TransactionLog } from '../backup-target.ts';
import { type Member, Members } from './members.ts';
import { SharedLog } from './shared-full.ts';

/**
 * Backups of one database that are brought up to date together, from the end of the one that is farthest behind on. The others pass over
 * what they have, and make sure that it is the same.
 */
export class SharedContinued implements ContinuedBackup {
  readonly storeId: StoreIdentity;
  readonly last: KnownTransaction;
  private readonly members: Members<ContinuedBackup>;

  private constructor(members: Members<ContinuedBackup>) {
    this.members = members;
    const farthestBehind = members.active
      .map((member) => members.of(member))
      .reduce((one, other) => (other.last.id < one.last.id ? other : one));
    this.storeId = farthestBehind.storeId;
    this.last = farthestBehind.last;
    this.leaveOutOthers();
  }

  static async begin(all: readonly Member[], signal: AbortSignal): Promise<SharedContinued> {
    return new SharedContinued(await Members.begin(all, ({ target }) => target.continueBackup(signal)));
  }

  async beginLog(): Promise<TransactionLog> {
    const logs = await this.members.ask((member) => this.members.of(member).beginLog());
    const log = new SharedLog(this.members, (member) => logs.get(member)!);
    return {
      takeBytes: (bytes, offset) => log.takeBytes(bytes, offset),
      takeTransaction: (transaction) => {
        this.compare(transaction);
        log.takeTransaction(transaction);
      },
      drain: () => log.drain(),
    };
  }

  async append(received: ReceivedTransactions, signal: AbortSignal): Promise<void> {
    await this.members.all((member) => {
      const backup = this.members.of(member);
      return backup.last.id < received.last! ? backup.append(received, signal) : backup.leave();
    });
  }

  async leave(): Promise<void> {
    await this.members.all((member) => this.members.of(member).leave());
  }

  async abandon(): Promise<void> {
    await this.members.abandonAll();
  }

  /** A backup that is of another database, or of another history, has to go its own way. */
  private leaveOutOthers(): void {
    this.members.now((member) => {
      const { storeId, last } = this.members.of(member);
      if (relateStores(storeId, this.storeId) !== 'same') {
        throw new GraphkeepError('peer.other-store', 'the backup is of another database than the others', {
          place: { object: member.target.location },
        });
      }
      if (last.id === this.last.id) requireSame(last.checksum, this.last.checksum, member, last);
    });
  }

  private compare({ transactionId, checksum }: StreamedTransaction): void {
    this.members.now((member) => {
      const { last } = this.members.of(member);
      if (last.id === transactionId) requireSame(checksum, last.checksum, member, last);
    });
  }
}

function requireSame(one: bigint, other: bigint, { target }: Member, { id }: KnownTransaction): void {
  if (one === other) return;
  throw new GraphkeepError('peer.diverged', `transaction ${id} of the backup is not the one of the database`, {
    place: { object: target.location },
  });
}
