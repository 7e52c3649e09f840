import { GraphkeepError } from '../../base/errors.ts';
import { nativeCommands } from '../command-table.ts';
import type { Invocation } from './program.ts';

/** Prints a script that completes the commands and options of the table. */
export async function completionBody({ positionals, context }: Invocation): Promise<void> {
  const write = scripts[positionals[0]!];
  if (write === undefined) {
    throw new GraphkeepError(
      'usage',
      `there is no completion for '${positionals[0]}', only for ${Object.keys(scripts).join(', ')}`,
    );
  }
  context.stdout(write());
}

const optionsOf = (options: readonly { name: string }[]) =>
  [...options.map(({ name }) => `--${name}`), '--help'].join(' ');
const names = nativeCommands.map(({ name }) => name).join(' ');

const scripts: Record<string, () => string> = {
  bash: () => {
    const cases = nativeCommands.map(({ name, options }) => `    ${name}) words="${optionsOf(options)}" ;;`);
    return [
      '# bash completion of graphkeep:  eval "$(graphkeep completion bash)"',
      '_graphkeep() {',
      '  local words current="$2"',
      `  case "\${COMP_WORDS[1]}" in`,
      ...cases,
      `    *) words="${names} --help --version" ;;`,
      '  esac',
      `  [[ COMP_CWORD -eq 1 ]] && words="${names} --help --version"`,
      '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
      `  [[ \${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -f -- "$current"))`,
      '}',
      'complete -F _graphkeep graphkeep',
      '',
    ].join('\n');
  },
  zsh: () => {
    const commands = nativeCommands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`);
    const cases = nativeCommands.map(({ name, options }) => `    ${name}) compadd -- ${optionsOf(options)}; _files ;;`);
    return [
      '#compdef graphkeep',
      '# zsh completion of graphkeep:  source <(graphkeep completion zsh)',
      '_graphkeep() {',
      '  local -a commands=(',
      ...commands,
      '  )',
      '  if (( CURRENT == 2 )); then _describe command commands; return; fi',
      '  case "$words[2]" in',
      ...cases,
      '  esac',
      '}',
      'compdef _graphkeep graphkeep',
      '',
    ].join('\n');
  },
  fish: () => {
    const lines = nativeCommands.flatMap(({ name, summary, options }) => [
      `complete -c graphkeep -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`,
      ...options.map(
        (option) =>
          `complete -c graphkeep -n '__fish_seen_subcommand_from ${name}' -l ${option.name} -d ${quote(option.description)}`,
      ),
    ]);
    return ['# fish completion of graphkeep:  graphkeep completion fish | source', ...lines, ''].join('\n');
  },
};

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
