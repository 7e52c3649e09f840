import { realpathSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { GraphkeepError } from './errors.ts';
import { fileError } from './file-errors.ts';

/** True for the directory itself and everything in it. Both paths must be resolved (no links). */
export function isWithin(inner: string, outer: string): boolean {
  const path = relative(outer, inner);
  return path === '' || !(path === '..' || path.startsWith(`..${sep}`));
}

/**
 * Refuses a link that leads out of a database or backup. Following it would put another user's file into a copy, archive or backup, and so
 * expose it to everyone who may read those.
 * @throws GraphkeepError `file.io`
 */
export function refuseOuterLink(root: string, link: string): void {
  let target: string;
  let within: boolean;
  try {
    target = realpathSync(link);
    within = isWithin(target, realpathSync(root));
  } catch (error) {
    throw fileError(error, 'follow the link', link);
  }
  if (within) return;
  throw new GraphkeepError('file.io', 'a link leads out of the directory', {
    place: { file: link },
    observed: target,
    hint: 'If it belongs to the database, move it to the place of the link; else remove the link.',
  });
}
