import { describeError, type GraphkeepError } from '../../base/errors.ts';

/** All are counted; so many are told. */
const MOST_TOLD = 100;

/** What a command has found missing or damaged in a repository, for its report. */
export class FaultList {
  count = 0;
  private readonly told: GraphkeepError[] = [];

  add(error: GraphkeepError): void {
    this.count++;
    if (this.told.length < MOST_TOLD) this.told.push(error);
  }

  get lines(): string[] {
    return this.told.map(describeError);
  }

  get data() {
    const faults = this.told.map((error) => ({ code: error.code, text: describeError(error) }));
    return { faultCount: this.count, faults };
  }
}
