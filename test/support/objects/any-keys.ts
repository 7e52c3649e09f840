import fc from 'fast-check';
import { isKey } from '../../../src/objects/keys.ts';

/** Few letters, so that keys share beginnings; some come before `/` in order, others after it. */
const part = fc
  .array(fc.constantFrom('a', 'b', 'B', '0', '-', '.', '_'), { minLength: 1, maxLength: 3 })
  .map((letters) => letters.join(''));

const key = fc
  .array(part, { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'))
  .filter(isKey);

/** Different keys, none of them the folder of another one, which differ in more than the case of their letters. */
export const anyKeys: fc.Arbitrary<string[]> = fc
  .uniqueArray(key, { minLength: 1, maxLength: 12, selector: (name) => name.toLowerCase() })
  .map((keys) =>
    keys.filter((name) => !keys.some((other) => other.toLowerCase().startsWith(`${name.toLowerCase()}/`))),
  );
