import { closeSync, fsyncSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ByteWriter } from '../base/byte-writer.ts';
import { fileError } from '../base/file-errors.ts';
import { encodeCheckPointEntry } from '../log/entries/check-point-entry.ts';
import { listLogFiles, logFileName } from '../log/log-files.ts';
import type { LogPosition } from '../log/log-position.ts';

/**
 * Cuts the log of `folder` at `end`, the end of its last complete transaction or check point. What is cut off was never committed.
 * Durable on return.
 */
export function cutLog(folder: string, end: LogPosition): void {
  for (const { version, path } of listLogFiles(folder).files) {
    if (version > end.version) rmSync(path);
  }
  change(folder, end.version, (fd) => ftruncateSync(fd, end.offset));
}

/**
 * Appends the check point that says: the store holds everything up to here. Nothing may be needed from the log afterwards, so every
 * other file must be on disk before. Durable on return.
 */
export function appendCheckPoint(folder: string, end: LogPosition): void {
  change(folder, end.version, (fd) => {
    const entry = new ByteWriter();
    encodeCheckPointEntry(entry, end);
    writeSync(fd, entry.view(), 0, entry.size, end.offset);
  });
}

function change(folder: string, version: number, action: (fd: number) => void): void {
  const path = join(folder, logFileName(version));
  try {
    const fd = openSync(path, 'r+');
    try {
      action(fd);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw fileError(error, 'write the log', path);
  }
}
