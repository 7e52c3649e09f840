/** Accepts complete frames of either protocol. The memory is reused once the promise, if any, is fulfilled. */
export type FrameSink = (frame: Buffer) => Promise<void> | undefined;
