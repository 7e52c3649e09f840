import { printableLine } from '../../base/printable-text.ts';
import { describeForPrograms } from './described-error.ts';
import type { Note } from './reporter.ts';

/** An event as plain data for programs: an error in it becomes its `code`, `message` and so on. */
export function dataOfEvent({ kind: _, ...data }: { kind: string; error?: unknown }): object {
  return 'error' in data ? { ...data, error: describeForPrograms(data.error) } : data;
}

/** An event as a note: the kind is its code. */
export function noteOfEvent(event: { kind: string; error?: unknown }, text: string): Note {
  return { code: event.kind, text: printableLine(text), data: dataOfEvent(event) };
}
