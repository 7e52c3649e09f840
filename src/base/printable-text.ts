/**
 * Text of a peer or of a file, made fit to be shown: no line breaks, no control characters that a terminal would obey, no direction
 * overrides, not longer than `maxLength`.
 */
export function printableText(text: string, maxLength = 300): string {
  const shown = text.length > maxLength ? `${text.slice(0, maxLength)}...` : text;
  return shown.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0)!.toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`;
  });
}
