import { Argument, type Command } from 'commander';

import type { RegisterCommand } from './context.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

export const register: RegisterCommand = (program, context) => {
  program
    .command('completion')
    .description(
      'Print what makes a shell complete commands and options: source <(batchy completion bash), or batchy completion fish | source.',
    )
    .addArgument(new Argument('<shell>').choices(shells))
    .action(async (shell: Shell) => {
      context.terminal.out(scripts[shell](words(await context.wholeProgram())));
    });
};

interface Words {
  /** Command, or command and subcommand (`keys create`), to what may follow it. */
  readonly path: string;
  readonly description: string;
  readonly following: readonly string[];
}

function words(command: Command, path = ''): Words[] {
  const subcommands = command.commands.map((each) => each.name());
  const options = command.options.flatMap(({ long }) => (long == null ? [] : [long]));
  const own = {
    path,
    description: command.description().replaceAll("'", '’'),
    following: [...subcommands, ...options, '--help'],
  };
  return [
    own,
    ...command.commands.flatMap((each) => words(each, path === '' ? each.name() : `${path} ${each.name()}`)),
  ];
}

const scripts: Readonly<Record<Shell, (all: readonly Words[]) => string>> = {
  bash: (all) => `_batchy() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path=""
  [ "$COMP_CWORD" -gt 1 ] && path="\${COMP_WORDS[1]}"
  case "$path" in ${groups(all).join('|')}) [ "$COMP_CWORD" -gt 2 ] && path="$path \${COMP_WORDS[2]}" ;; esac
  case "$path" in
${cases(all)}
  esac
}
complete -o default -F _batchy batchy`,
  // zsh runs the same function through its emulation of bash's completion.
  zsh: (all) => `autoload -U +X bashcompinit && bashcompinit\n${scripts.bash(all)}`,
  fish: (all) =>
    all
      .flatMap(({ path, following }) => {
        const when =
          path === ''
            ? '__fish_use_subcommand'
            : path
                .split(' ')
                .map((word) => `__fish_seen_subcommand_from ${word}`)
                .join('; and ');
        return following.map((word) => {
          const described = all.find((other) => other.path === (path === '' ? word : `${path} ${word}`));
          const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`;
          return `complete -c batchy -n '${when}' ${what}${described === undefined ? '' : ` -d '${described.description}'`}`;
        });
      })
      .join('\n'),
};

function cases(all: readonly Words[]): string {
  return all
    .map(({ path, following }) => `    "${path}") COMPREPLY=($(compgen -W "${following.join(' ')}" -- "$current")) ;;`)
    .join('\n');
}

/** Commands that have commands of their own. */
function groups(all: readonly Words[]): string[] {
  return [...new Set(all.flatMap(({ path }) => (path.includes(' ') ? [path.split(' ')[0] ?? ''] : [])))];
}
