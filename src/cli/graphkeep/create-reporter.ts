import type { PrintableContext } from '../printable-output.ts';
import { JsonReporter } from './json-reporter.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';
import { TextReporter } from './text-reporter.ts';

export function createReporter(context: PrintableContext, options: ReporterOptions): Reporter {
  return options.json ? new JsonReporter(context, options) : new TextReporter(context, options);
}
