import { throwIfCancelled } from '../../base/cancellation.ts';
import { GraphkeepError } from '../../base/errors.ts';
import type { StoreReader } from '../../store/graph/store-reader.ts';
import type { CheckContext, CheckParts } from '../findings/check-context.ts';
import { isDamage } from '../findings/damage.ts';
import { createFinding, type ReportFinding } from '../findings/finding.ts';
import { readTokenIds, type TokenIds } from '../findings/token-ids.ts';
import type { CheckPart } from './check-parts.ts';

/** Progress of a part: its phase, and bytes read since the last call. */
export type PartProgress = (phase: string, bytes: number) => void;

export interface PartOptions {
  parts: CheckParts;
  budgetBytes: number;
  report: ReportFinding;
  progress: PartProgress;
  signal: AbortSignal | undefined;
}

/** Runs parts of a check of one store, one by one. */
export class PartRunner {
  private readonly reader: StoreReader;
  private readonly options: PartOptions;
  private readonly tokens: TokenIds;

  constructor(reader: StoreReader, options: PartOptions) {
    this.reader = reader;
    this.options = options;
    this.tokens = readTokenIds(reader);
  }

  /** Turns damage that the part did not foresee into a finding, so that the other parts still run. */
  async run(part: CheckPart): Promise<void> {
    throwIfCancelled(this.options.signal);
    try {
      await part.run(this.createContext());
    } catch (error) {
      if (!isDamage(error)) throw error;
      const file = error instanceof GraphkeepError ? (error.place?.file ?? '') : '';
      const message = `Failed to check ${part.name}: ${error.message}`;
      this.options.report(createFinding('checkerException', { message, file, text: '' }));
    }
  }

  private createContext(): CheckContext {
    const { reader, tokens, options } = this;
    let lastPhase = '';
    let lastDone = 0;
    return {
      reader,
      tokens,
      parts: options.parts,
      report: options.report,
      // Two parts use much memory and may run at the same time. The budget does not depend on the number of threads, because the order of
      // findings depends on it.
      budgetBytes: options.budgetBytes / 2,
      signal: options.signal,
      progress: (phase, done) => {
        options.progress(phase, phase === lastPhase && done > lastDone ? done - lastDone : done);
        lastPhase = phase;
        lastDone = done;
      },
    };
  }
}
