import { GraphkeepError } from '../base/errors.ts';

/**
 * Arguments are text to Node: bytes that are no UTF-8 come as replacement characters, and a path with one leads to another file than the
 * one that was typed.
 * @throws GraphkeepError `usage`
 */
export function refuseBrokenArguments(args: readonly string[]): void {
  const broken = args.find((argument) => argument.includes('\ufffd'));
  if (broken === undefined) return;
  throw new GraphkeepError('usage', 'an argument holds bytes that are no UTF-8', {
    observed: broken,
    hint: 'Give the file a name in UTF-8, or name it by a link that has one.',
  });
}
