import { GraphkeepError } from '../../base/errors.ts';
import { printableLine } from '../../base/printable-text.ts';
import { probeStore } from '../../objects/probe.ts';
import type { Encryption } from '../../repository/catalogue/json-fields.ts';
import { initRepository } from '../../repository/opening/repository.ts';
import { openRepositoryStore } from '../commands/repository-request.ts';
import type { OptionValues } from '../option-values.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';

/** `graphkeep repo init`: makes a repository. */
export async function repoBody({ values, positionals, context }: Invocation, reporter: Reporter): Promise<void> {
  const [action] = positionals;
  if (action !== 'init') throw new GraphkeepError('usage', `there is no action '${action}' of repo; there is: init`);
  const encryption = readEncryption(values);
  const store = await openRepositoryStore(values, context, { create: true });
  const { settings } = await initRepository(store, encryption, context.signal);
  const { conditionalCreate } = await probeStore(store, context.signal);
  const recipients = encryption.method === 'none' ? [] : encryption.recipients;
  const how =
    encryption.method === 'none'
      ? 'not encrypted'
      : `encrypted for ${recipients.length} recipient${recipients.length === 1 ? '' : 's'}; without an identity of one of them nobody can read a backup, so keep it in another place too`;
  const unguarded = 'This store does not refuse to overwrite objects: let only one machine write into the repository.';
  const text = printableLine(`Repository ${store.address}: made, ${how}`);
  reporter.report(conditionalCreate ? text : `${text}\n${unguarded}`, {
    repository: store.address,
    id: settings.id,
    recipients: [...recipients],
    refusesOverwriting: conditionalCreate,
  });
}

/** Never without encryption by default. */
function readEncryption(values: OptionValues): Encryption {
  const wantsNone = values.givenFlag('encryption') === false;
  const recipients = values.optional('recipients');
  if (wantsNone && recipients !== undefined)
    throw new GraphkeepError('usage', '--recipients and --no-encryption exclude each other');
  if (wantsNone) return { method: 'none' };
  if (recipients === undefined) {
    throw new GraphkeepError('usage', 'for whom are the backups encrypted? Give --recipients, or --no-encryption');
  }
  return { method: 'age', recipients: recipients.split(',').map((recipient) => recipient.trim()) };
}
