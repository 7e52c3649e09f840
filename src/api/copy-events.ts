/** What happens while files are copied, packed or unpacked. */
export type CopyEvent =
  /** `bytes`: size of the file. */
  | { kind: 'file-began'; name: string; bytes: number }
  /** `bytes` of all files together are done. */
  | { kind: 'bytes-copied'; bytes: number };

/** The callbacks of restore, dump and load that make events. */
export function countCopied(onEvent: ((event: CopyEvent) => void) | undefined) {
  let copied = 0;
  return {
    onFile: (name: string, bytes: number) => onEvent?.({ kind: 'file-began', name, bytes }),
    onBytes: (count: number) => {
      copied += count;
      onEvent?.({ kind: 'bytes-copied', bytes: copied });
    },
  };
}
