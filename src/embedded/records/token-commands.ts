import type { LogCommand } from '../../log/v3/commands/command-table.ts';
import type { TokenImage } from '../../log/v3/commands/token-command.ts';
import type { TokenKind } from '../../store/records/token-record.ts';
import { dynamicImage } from './command-images.ts';
import { readChain } from './dynamic-chains.ts';
import type { RecordChanges } from './record-changes.ts';

/** In the order of their commands. */
const TOKEN_KINDS: readonly TokenKind[] = ['label', 'relationshipType', 'propertyKey'];

export const TOKEN_NAME_STORES = {
  label: 'labelNames',
  relationshipType: 'relationshipTypeNames',
  propertyKey: 'propertyKeyNames',
} as const;

const NAME_RECORD = -1;

/** The commands of new tokens; tokens are never changed or deleted. */
export function tokenCommands(changes: RecordChanges): LogCommand[] {
  return TOKEN_KINDS.flatMap((token) =>
    changes.changed(token).map(({ id, now }): LogCommand => {
      const { nameId, propertyCount } = now!;
      const names = readChain(changes, TOKEN_NAME_STORES[token], nameId);
      const nameRecords = names.map((record) => dynamicImage(record, NAME_RECORD));
      const before: TokenImage = { inUse: false, propertyCount: 0, nameId: -1, nameRecords: [] };
      return { kind: 'token', token, id, before, after: { inUse: true, propertyCount, nameId, nameRecords } };
    }),
  );
}
