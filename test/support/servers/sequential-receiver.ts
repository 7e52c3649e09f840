import type { FileReceiver, StoreFileStream } from '../../../src/source/backup-source.ts';

/** Receives the files of a copy one after the other. */
export interface SequentialReceiver {
  beginFile(file: StoreFileStream): Promise<void> | void;
  fileBytes(chunk: Buffer): Promise<void> | undefined;
  endFile(): Promise<void> | void;
}

/** Opens a file of a copy for a receiver that accepts one file after the other, and no file twice. */
export async function openSequentially(receiver: SequentialReceiver, file: StoreFileStream): Promise<FileReceiver> {
  await receiver.beginFile(file);
  const refuse = () => Promise.reject(new Error('a file that is sent once only'));
  return {
    bytes: (chunk) => receiver.fileBytes(chunk),
    end: () => receiver.endFile(),
    restart: refuse,
    discard: refuse,
  };
}
