import type { RestoreEvent } from '../../../src/restore/restore-events.ts';

/** Listens to a restore, dump or load: `happen` is called with the name of each file that begins. */
export function whenFileBegins(happen: (name: string) => void): (event: RestoreEvent) => void {
  return (event) => {
    if (event.kind === 'file-began') happen(event.name);
  };
}
