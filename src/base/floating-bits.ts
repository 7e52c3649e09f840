/** IEEE-754 numbers and their raw bits, unsigned. Store values are kept as bits so that NaN payloads and negative zero survive. */
const view = new DataView(new ArrayBuffer(8));

export function doubleOfBits(bits: bigint): number {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

export function bitsOfDouble(value: number): bigint {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

/** Single precision. */
export function floatOfBits(bits: number): number {
  view.setUint32(0, bits);
  return view.getFloat32(0);
}

export function bitsOfFloat(value: number): number {
  view.setFloat32(0, value);
  return view.getUint32(0);
}
