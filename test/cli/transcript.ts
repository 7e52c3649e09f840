import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { corpusPath } from '../support/corpus/unpack-corpus.ts';

/** One capture of the real tool. */
export interface Transcript {
  /** For example `34-arg-none`. */
  name: string;
  /** Without the version: `arg-none`. */
  scenario: string;
  release: '3.4' | '3.5';
  /** Arguments after `neo4j-admin`, with placeholders; undefined where the capture does not show them. */
  args: string[] | undefined;
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Every capture of the corpus. */
export function readTranscripts(): Transcript[] {
  const directory = corpusPath('cli-transcripts');
  const names = readdirSync(directory).filter((name) => name.endsWith('.txt'));
  return names
    .sort()
    .map((name) => parseTranscript(basename(name, '.txt'), readFileSync(`${directory}/${name}`, 'utf8')));
}

function parseTranscript(name: string, text: string): Transcript {
  const match = /^([\s\S]*?)^--- stdout\n([\s\S]*?)^--- stderr\n([\s\S]*)$/m.exec(text);
  const exitCode = /^# exit code: (\d+)/m.exec(text)?.[1];
  if (match === null || exitCode === undefined) throw new Error(`${name} is not a transcript`);
  const command = /^\$ neo4j-admin ?(.*)$/m.exec(match[1]!)?.[1];
  return {
    name,
    scenario: name.slice(3),
    release: name.startsWith('34') ? '3.4' : '3.5',
    args: command === undefined ? undefined : splitShellWords(command),
    exitCode: Number(exitCode),
    stdout: match[2]!,
    // Listings and notes of the capture follow the text of the tool.
    stderr: match[3]!.replace(/^(--- listing|# )[\s\S]*$/m, ''),
  };
}

/** The captures only quote with backslashes. */
function splitShellWords(command: string): string[] {
  const words = command.match(/(?:\\.|\S)+/g) ?? [];
  return words.map((word) => word.replace(/\\(.)/g, '$1'));
}
