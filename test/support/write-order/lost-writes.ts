import type { Dice } from '../random/dice.ts';
import type { DataOperation } from './file-operations.ts';

/*
 * What a power failure leaves of a file that was written but not flushed. The system writes back pages in any order, each in its state at
 * that moment; a disk writes sectors, and may stop between two.
 *
 * - Content at the last flush: each sector is old, or as it was after some of the writes.
 * - Appended content: its beginning, as it was after some of the writes, up to any sector. After that the file ends, or holds zeros up to
 *   its length, if the length was in the journal and the data not yet on the disk.
 */

const SECTOR_BYTES = 512;
const PAGE_SECTORS = 8;

/** One possible content; `durable` is that of the last flush. */
export function mixVersions(durable: Buffer, operations: readonly DataOperation[], dice: Dice): Buffer {
  const versions = [durable];
  for (const operation of operations) versions.push(applyTo(versions.at(-1)!, operation));
  const newest = dice.pick(versions);
  const content = Buffer.alloc(newest.length);
  newest.copy(content);
  const isInOrder = dice.chance(0.3);
  if (!isInOrder) mixSectors(content.subarray(0, Math.min(durable.length, content.length)), versions, dice);
  if (newest.length <= durable.length) return content;
  const appendedSectors = Math.ceil((newest.length - durable.length) / SECTOR_BYTES);
  const firstSector = Math.floor(durable.length / SECTOR_BYTES);
  const cut = (firstSector + dice.below(appendedSectors + 2)) * SECTOR_BYTES;
  const end = Math.max(durable.length, cut);
  if (end >= newest.length) return content;
  if (dice.chance(0.5)) return content.subarray(0, end);
  content.fill(0, end);
  return content;
}

function mixSectors(content: Buffer, versions: readonly Buffer[], dice: Dice): void {
  for (let page = 0; page * PAGE_SECTORS * SECTOR_BYTES < content.length; page++) {
    const [first, second] = [dice.pick(versions), dice.pick(versions)];
    const torn = dice.chance(0.2) ? dice.below(PAGE_SECTORS) : PAGE_SECTORS;
    for (let sector = 0; sector < PAGE_SECTORS; sector++) {
      const from = (page * PAGE_SECTORS + sector) * SECTOR_BYTES;
      const to = Math.min(from + SECTOR_BYTES, content.length);
      const version = sector < torn ? first : second;
      if (from < to) version.copy(content, from, from, Math.min(to, version.length));
    }
  }
}

function applyTo(content: Buffer, operation: DataOperation): Buffer {
  if (operation.kind === 'truncate') {
    const cut = Buffer.alloc(operation.length);
    content.copy(cut);
    return cut;
  }
  const written = Buffer.alloc(Math.max(content.length, operation.offset + operation.bytes.length));
  content.copy(written);
  operation.bytes.copy(written, operation.offset);
  return written;
}
