import { printableLine, printableText } from '../../base/printable-text.ts';
import type { ConfiguredOptions } from '../configuration/configured-options.ts';
import type { Origin } from '../configuration/option-layers.ts';
import type { Reporter } from './reporter.ts';

/** Says which configuration file counts, whether others may change it, and with `--verbose` where each option was set. */
export async function tellConfiguration(
  { file: found, origins }: Pick<ConfiguredOptions, 'file' | 'origins'>,
  reporter: Reporter,
): Promise<void> {
  if (found !== undefined) {
    const { file, by } = found;
    const { findForeignWriters } = await import('../configuration/file-text.ts');
    reporter.happened('configuration', printableLine(`Configuration: ${file}`), { file, by });
    const mode = await findForeignWriters(file);
    if (mode !== undefined) {
      const text = `Others may change the configuration file, and so what is run and where backups go: ${file} (mode ${mode})`;
      reporter.note({ code: 'configuration-writable', text: printableLine(text), data: { path: file, mode } });
    }
  }
  for (const [option, origin] of origins) reporter.debug(`--${option} is set by ${describeOrigin(origin)}`);
}

function describeOrigin(origin: Origin): string {
  if ('variable' in origin) return origin.variable;
  const { file = '', line } = origin.place;
  return `${printableText(file)}, line ${line}`;
}
