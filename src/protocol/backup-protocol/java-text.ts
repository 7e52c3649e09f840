/** Largest text in the short form, with a u16 length. */
const MAX_JAVA_TEXT = 0xffff;

/**
 * Decodes the "modified UTF-8" of Java object streams: NUL is `C0 80`, and characters beyond 16 bits are two surrogates of three bytes
 * each. Malformed bytes become U+FFFD.
 */
export function decodeJavaText(bytes: Uint8Array): string {
  const units: number[] = [];
  let text = '';
  for (let i = 0; i < bytes.length; ) {
    const first = bytes[i]!;
    const size = first < 0x80 ? 1 : first >>> 5 === 0b110 ? 2 : first >>> 4 === 0b1110 ? 3 : 0;
    const second = bytes[i + 1] ?? 0;
    const third = bytes[i + 2] ?? 0;
    const wellFormed = size > 0 && (size < 2 || second >>> 6 === 0b10) && (size < 3 || third >>> 6 === 0b10);
    if (!wellFormed) units.push(0xfffd);
    else if (size === 1) units.push(first);
    else if (size === 2) units.push(((first & 0x1f) << 6) | (second & 0x3f));
    else units.push(((first & 0x0f) << 12) | ((second & 0x3f) << 6) | (third & 0x3f));
    i += wellFormed ? size : 1;
    if (units.length === 4096) text += String.fromCharCode(...units.splice(0));
  }
  return text + String.fromCharCode(...units);
}

/** The inverse; cuts after the last whole unit within `maxBytes`. */
export function encodeJavaText(text: string, maxBytes = MAX_JAVA_TEXT): Buffer {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const size = unit !== 0 && unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
    if (bytes.length + size > maxBytes) break;
    if (size === 1) bytes.push(unit);
    else if (size === 2) bytes.push(0xc0 | (unit >>> 6), 0x80 | (unit & 0x3f));
    else bytes.push(0xe0 | (unit >>> 12), 0x80 | ((unit >>> 6) & 0x3f), 0x80 | (unit & 0x3f));
  }
  return Buffer.from(bytes);
}
