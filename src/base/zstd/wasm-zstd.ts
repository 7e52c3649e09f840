/** zstd compiled to WebAssembly, for releases of Node without a zstd of their own. */
export interface WasmZstd {
  /** One frame with its content size, without a checksum. */
  compress(content: Uint8Array, level: number): Uint8Array;
  /** Decodes one frame. It allocates what the header declares, whatever that is: check it first. */
  decompress(frame: Uint8Array): Uint8Array;
}

let loading: Promise<WasmZstd> | undefined;

/** Initialised once per thread: the library produces garbage after a second initialisation. */
export function loadWasmZstd(): Promise<WasmZstd> {
  loading ??= load();
  return loading;
}

async function load(): Promise<WasmZstd> {
  const { init, compress, decompress } = await import('@bokuweb/zstd-wasm');
  await init();
  return {
    compress: (content, level) => compress(content as Buffer, level),
    decompress: (frame) => decompress(frame as Buffer),
  };
}
