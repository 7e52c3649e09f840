import type { ByteWriter } from '../../../base/byte-writer.ts';
import type { EntryForm } from '../entries/entry-types.ts';
import type { TransactionVisitor } from '../fields/transaction-visitor.ts';

/**
 * Everything about one type of command: a row of the command table. `at` is the offset of the body, just after the type byte; `end` is the
 * end of the window. `skip` and `visit` allocate nothing and return the offset after the command. They throw `INCOMPLETE` if the window
 * ends too early, and `log.corrupt`, with the offset in the window, for damage.
 */
export interface CommandKind<C extends { kind: string }> {
  /** The type byte. */
  readonly type: number;
  readonly kind: C['kind'];
  /** Whether `command` needs this type, where several types share one kind. */
  holds?(command: C): boolean;
  /** Walks over the command, in any form. */
  skip(buffer: Uint8Array, at: number, end: number, form: EntryForm): number;
  /** Walks over the command and reports its content to `visitor`. Not for forms without before-images. */
  visit(buffer: Uint8Array, at: number, end: number, form: EntryForm, visitor: TransactionVisitor): number;
  /** Copies everything out of `buffer`. `skip` must have accepted the command first. */
  decode(buffer: Uint8Array, at: number, end: number, form: EntryForm): C;
  /** Writes the body in the current form. */
  encode(writer: ByteWriter, command: C): void;
}
