import { decodeSchemaRuleCommand } from '../../log/v3/commands/schema-rule-command.ts';

const IN_USE = 0x01;
/** Second field of rules written by 3.2 and later: `i32 -1, u8 kind` (spec record-stores 11.1). */
const CONSTRAINT_KIND = 12;
const KIND_OFFSET = 4;

/** What happened to schema rules in a stretch of log. */
export class SchemaEvents {
  /** Rules that were created or dropped: index folders with these ids in the backup belong to older rules. */
  readonly recreated = new Set<number>();
  /** All rules named by a command. */
  readonly touched = new Set<number>();
  /** Last transaction that created or changed a constraint; undefined = none. */
  lastConstraintTransaction: number | undefined;

  /** Notes the command at `buffer[start, end)`, its body without the type byte. */
  note(buffer: Buffer, start: number, end: number, transactionId: number): void {
    const command = decodeSchemaRuleCommand(buffer, start, end);
    const ruleId = (command.after[0] ?? command.before[0])?.id;
    if (ruleId === undefined) return;
    const data = Buffer.concat(command.after.filter((record) => record.flags & IN_USE).map((record) => record.data));
    const isDrop = data.length === 0;
    this.touched.add(ruleId);
    if (isDrop || command.created) this.recreated.add(ruleId);
    if (!isDrop && data.length > KIND_OFFSET && isConstraint(data)) this.lastConstraintTransaction = transactionId;
  }
}

/** Rules of 2.0-3.1 begin with a token id and number the constraints 3 to 5 (spec record-stores 11.3). */
function isConstraint(rule: Buffer): boolean {
  const kind = rule[KIND_OFFSET]!;
  return rule.readInt32BE(0) === -1 ? kind === CONSTRAINT_KIND : kind >= 3;
}
