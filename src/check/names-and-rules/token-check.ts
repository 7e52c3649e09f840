import { storeFile } from '../../store/files/store-files.ts';
import type { TokenKind, TokenRecord } from '../../store/records/token-record.ts';
import type { CheckContext } from '../findings/check-context.ts';
import type { CheckKind } from '../findings/check-kinds.ts';
import { describeDynamic } from '../findings/entity-texts.ts';
import { createFinding } from '../findings/finding.ts';
import { readTokenNameIfWhole } from './token-names.ts';

const KINDS: readonly TokenKind[] = ['label', 'relationshipType', 'propertyKey'];
const CLASS_NAMES: Record<TokenKind, string> = {
  label: 'Label',
  relationshipType: 'RelationshipType',
  propertyKey: 'PropertyKey',
};

/** Checks that every token in use has a readable, non-empty and unique name (spec consistency-check 3.7). */
export function checkTokens(context: CheckContext): void {
  for (const kind of KINDS) checkKind(context, kind);
}

function checkKind(context: CheckContext, kind: TokenKind): void {
  const { reader } = context;
  const idOf = new Map<string, number>();
  reader.file(kind).scan((token) => {
    const name = readTokenNameIfWhole(reader, kind, token.id);
    if (name === undefined) reportToken(context, kind, 'name.nameBlockNotInUse', token);
    else if (name === '') reportToken(context, kind, 'name.emptyName', token);
    else {
      const other = idOf.get(name);
      if (other === undefined) idOf.set(name, token.id);
      else reportToken(context, kind, 'name.duplicateName', token, [`${CLASS_NAMES[kind]}[${other}]`, name]);
    }
  });
}

function reportToken(
  { reader, report }: CheckContext,
  kind: TokenKind,
  finding: CheckKind,
  { id, nameId }: TokenRecord,
  inconsistentWith?: string[],
): void {
  report(
    createFinding(finding, {
      file: storeFile(kind).fileName,
      record: id,
      offset: id * reader.file(kind).codec.size,
      text: `${CLASS_NAMES[kind]}[${id},used=true,nameId=${nameId}]`,
      inconsistentWith: inconsistentWith ?? [describeDynamic(reader, storeFile(kind).names as 'labelNames', nameId)],
    }),
  );
}
