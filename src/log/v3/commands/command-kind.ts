import type { ByteWriter } from '../../../base/byte-writer.ts';
import type { EntryForm } from '../entries/entry-types.ts';
import type { TransactionVisitor } from '../fields/transaction-visitor.ts';

/**
 * All there is to know of one type of command: a row of the command table. `at` is the offset of the body, right after the type byte, and
 * `end` the end of the window. `skip` and `visit` allocate nothing and return the offset after the command; they throw `INCOMPLETE` if
 * the window ends too early and `log.corrupt`, with the offset in the window, for damage.
 */
export interface CommandKind<C extends { kind: string }> {
  /** The type byte. */
  readonly type: number;
  readonly kind: C['kind'];
  /** Tells whether `command` takes this type, where several types share one kind. */
  holds?(command: C): boolean;
  /** Walks over the command, in whatever form. */
  skip(buffer: Uint8Array, at: number, end: number, form: EntryForm): number;
  /** Walks over the command and tells `visitor` what it holds. Not for forms without before-images. */
  visit(buffer: Uint8Array, at: number, end: number, form: EntryForm, visitor: TransactionVisitor): number;
  /** Copies everything out of `buffer`. The command is complete: `skip` has walked over it. */
  decode(buffer: Uint8Array, at: number, end: number, form: EntryForm): C;
  /** Writes the body in the current form. */
  encode(writer: ByteWriter, command: C): void;
}
