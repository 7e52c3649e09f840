import { GraphkeepError } from '../base/errors.ts';

/**
 * Node decodes arguments to text: bytes that are not UTF-8 become replacement characters, and a path with one leads to a different file
 * than the one typed.
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
