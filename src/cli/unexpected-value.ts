import { GraphkeepError } from '../base/errors.ts';

/** A bad value that the Java tool does not report as wrong usage: `unexpected error: <message>`, without the usage text. */
export class UnexpectedValue extends GraphkeepError {
  constructor(message: string, original?: string) {
    super('usage', message, original === undefined ? {} : { original });
  }
}
