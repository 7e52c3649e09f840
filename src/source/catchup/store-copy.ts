import { GraphkeepError } from '../../base/errors.ts';
import type { CatchupOutcome, Prepared } from '../../protocol/catchup/catchup-response.ts';
import type { CatchupStoreId } from '../../protocol/catchup/store-id-field.ts';
import type { CopyReceiver } from '../backup-source.ts';
import { NeostoreProbe } from '../neostore-probe.ts';
import { ReceivedNames } from '../received-names.ts';
import type { RepeatedRequest } from '../repeated-request.ts';
import { MemberLine } from './member-line.ts';
import type { MemberOptions } from './member-options.ts';
import type { StreamRequest } from './request-stream.ts';
import { type CopyTarget, PreparedFiles, RequestedFiles } from './requested-files.ts';
import { RetryPlan } from './retry-plan.ts';
import { describeRefusal, unexpectedOutcome } from './status-errors.ts';

/** Requested after all others: it says up to which transaction they may hold something. */
const LAST_FILE = 'neostore';

/** What is fetched by a separate request. */
type FetchedFiles = Extract<RepeatedRequest, { request: 'file' | 'index' }>;

/**
 * The files of a full copy (spec catchup-protocol 10 to 12). What replay cannot repair comes with the PREPARE answer; the others are
 * fetched one by one over several connections, then `neostore` alone.
 */
export class StoreCopy {
  private readonly options: MemberOptions;
  private readonly storeId: CatchupStoreId;
  private readonly target: CopyTarget;

  constructor(options: MemberOptions, storeId: CatchupStoreId, receiver: CopyReceiver) {
    this.options = options;
    this.storeId = storeId;
    const { peer } = options;
    this.target = { receiver, names: new ReceivedNames(), neostore: new NeostoreProbe(), peer };
  }

  /**
   * Receives everything; `line` takes part and stays open. Returns C: the files hold every transaction up to it, and perhaps parts of later
   * ones.
   */
  async receive(line: MemberLine, signal: AbortSignal): Promise<number> {
    const { prepared, received } = await this.prepare(line, signal);
    const wanted = this.readNames(prepared.files, received);
    const files = received.size + wanted.length;
    this.target.receiver.filesAnnounced?.({ files, indexes: prepared.indexIds.length });
    await this.fetchAll(
      line,
      wanted.filter((name) => name !== LAST_FILE),
      prepared.transactionId,
      signal,
    );
    if (wanted.includes(LAST_FILE)) await this.fetchFile(line, LAST_FILE, prepared.transactionId, signal);
    this.target.neostore.requireStoreId(this.storeId, { peer: this.options.peer });
    for (const id of prepared.indexIds) await this.fetchIndex(line, id, prepared.transactionId, signal);
    return prepared.transactionId;
  }

  private async prepare(
    line: MemberLine,
    signal: AbortSignal,
  ): Promise<{ prepared: Prepared; received: ReadonlySet<string> }> {
    const { target, options } = this;
    const files = new PreparedFiles(target);
    const outcome = await this.askToPrepare(line, files, signal);
    if (outcome.kind !== 'prepared') throw unexpectedOutcome(outcome);
    if (outcome.status !== 'SUCCESS') throw describeRefusal(outcome.status, 'Preparing the copy failed', options.peer);
    if (outcome.transactionId < 1) {
      throw new GraphkeepError('peer.protocol', 'the copy has an impossible check point', {
        place: { peer: options.peer },
        observed: `transaction ${outcome.transactionId}`,
      });
    }
    return { prepared: outcome, received: files.received };
  }

  /** Asks again if the connection is lost; any answer of the member counts. */
  private async askToPrepare(line: MemberLine, files: PreparedFiles, signal: AbortSignal): Promise<CatchupOutcome> {
    const { retry, onRetry } = this.options;
    const plan = new RetryPlan(retry, signal, (error, attempt) => onRetry({ request: 'first-files' }, error, attempt));
    for (;;) {
      await files.beginAttempt();
      try {
        return await line.request({ kind: 'prepareStoreCopy', storeId: this.storeId }, files);
      } catch (error) {
        await plan.pause(error);
      }
    }
  }

  /**
   * The label scan store is listed although it has already come. That copy is as of the check point, while one fetched now may be torn. So
   * nothing is fetched that has already come.
   */
  private readNames(files: readonly string[], received: ReadonlySet<string>): string[] {
    const { names, peer } = this.target;
    return files.filter((name) => !received.has(name)).map((name) => names.accept(name, { peer }));
  }

  /** A failure of one connection ends the others. The first failure is thrown once all have ended. */
  private async fetchAll(line: MemberLine, files: string[], required: number, signal: AbortSignal): Promise<void> {
    const failing = new AbortController();
    const either = AbortSignal.any([signal, failing.signal]);
    const more = Math.min(this.options.connections, files.length) - 1;
    const others = Array.from({ length: Math.max(0, more) }, () => new MemberLine(this.options, either));
    const queue = files[Symbol.iterator]();
    let failed: { error: unknown } | undefined;
    const fetchQueue = async (by: MemberLine): Promise<void> => {
      try {
        for (const name of queue) {
          if (failed !== undefined) return;
          await this.fetchFile(by, name, required, either);
        }
      } catch (error) {
        failed ??= { error };
        failing.abort();
        line.close();
      }
    };
    await Promise.all([line, ...others].map(fetchQueue));
    for (const other of others) other.close();
    if (failed !== undefined) throw (failed as { error: unknown }).error;
  }

  private async fetchFile(line: MemberLine, name: string, required: number, signal: AbortSignal): Promise<void> {
    const files = new RequestedFiles(this.target, name);
    const { storeId } = this;
    const request = { kind: 'storeFile', storeId, requiredTransactionId: required, name } as const;
    await this.fetch(line, request, files, { request: 'file', name }, signal);
  }

  private async fetchIndex(line: MemberLine, id: number, required: number, signal: AbortSignal): Promise<void> {
    const files = new RequestedFiles(this.target);
    const request = {
      kind: 'indexSnapshot',
      storeId: this.storeId,
      requiredTransactionId: required,
      indexId: id,
    } as const;
    await this.fetch(line, request, files, { request: 'index', rule: id }, signal);
  }

  private async fetch(
    line: MemberLine,
    request: StreamRequest,
    files: RequestedFiles,
    wanted: FetchedFiles,
    signal: AbortSignal,
  ): Promise<void> {
    const { retry, peer, onRetry } = this.options;
    const plan = new RetryPlan(retry, signal, (error, attempt) => onRetry(wanted, error, attempt));
    for (;;) {
      try {
        files.beginAttempt();
        const outcome = await line.request(request, files);
        if (outcome.kind !== 'copyFinished') throw unexpectedOutcome(outcome);
        if (outcome.status !== 'SUCCESS')
          throw describeRefusal(outcome.status, `Copying ${describe(wanted)} failed`, peer);
        return await files.finish();
      } catch (error) {
        await plan.pause(error);
      }
    }
  }
}

function describe(wanted: FetchedFiles): string {
  return wanted.request === 'file' ? wanted.name : `index ${wanted.rule}`;
}
