/** Completion scripts made from the commands themselves, so that they cannot go stale. */
import type { Command, Option } from 'commander';

interface Node {
  /** `sandbox up`; empty for the program. */
  readonly path: string;
  readonly description: string;
  readonly commands: readonly string[];
  readonly options: readonly Option[];
}

export const COMPLETIONS: Readonly<Record<'bash' | 'zsh' | 'fish', (program: Command) => string>> = {
  bash: bashScript,
  zsh: (program) => `#compdef meshproof\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(program)}`,
  fish: fishScript,
};

function nodesOf(program: Command): Node[] {
  const visit = (command: Command, path: string, inherited: readonly Option[]): Node[] => {
    const options = [...inherited, ...command.options.filter((option) => !option.hidden)];
    const node: Node = {
      path,
      description: command.description(),
      commands: command.commands.map((one) => one.name()),
      options,
    };
    const shared = path === '' ? options.filter((option) => option.long !== '--version') : options;
    return [node, ...command.commands.flatMap((one) => visit(one, `${path} ${one.name()}`.trim(), shared))];
  };
  return visit(program, '', []);
}

function words(node: Node): string {
  const options = node.options.flatMap((option) => (option.long === undefined ? [] : [option.long]));
  return [...node.commands, ...options, '--help'].join(' ');
}

/** Files are offered where no word of ours fits: most arguments are paths. */
function bashScript(program: Command): string {
  const nodes = nodesOf(program);
  const branches = nodes.map((node) => `    '${node.path}') words='${words(node)}' ;;`);
  const known = nodes.filter((node) => node.path !== '').map((node) => `'${node.path}'`);
  const values = nodes
    .flatMap((node) => node.options)
    .filter((option) => option.argChoices !== undefined)
    .map((option) => {
      const flags = [option.short, option.long].filter((flag) => flag !== undefined).join('|');
      return `    ${flags}) COMPREPLY=($(compgen -W '${(option.argChoices ?? []).join(' ')}' -- "$word")); return ;;`;
    });
  return `_meshproof() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} path='' words='' part
  case $before in
${[...new Set(values)].join('\n')}
  esac
  for part in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$part" in
    ${known.join('|')}) path="\${path:+$path }$part" ;;
    esac
  done
  case $path in
${branches.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _meshproof meshproof
`;
}

function fishScript(program: Command): string {
  const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = nodesOf(program).flatMap((node) => {
    const parts = node.path === '' ? [] : node.path.split(' ');
    const seen = parts.map((part) => `__fish_seen_subcommand_from ${part}`);
    const here =
      node.commands.length === 0 ? seen : [...seen, `not __fish_seen_subcommand_from ${node.commands.join(' ')}`];
    const condition = here.length === 0 ? '' : ` -n ${quote(here.join('; and '))}`;
    const commands = node.commands.map((name) => `complete -c meshproof -f${condition} -a ${name}`);
    const options = node.options.map((option) => {
      const short = option.short === undefined ? '' : ` -s ${option.short.slice(1)}`;
      const long = option.long === undefined ? '' : ` -l ${option.long.slice(2)}`;
      const value =
        option.argChoices === undefined ? (option.required ? ' -r' : '') : ` -xa ${quote(option.argChoices.join(' '))}`;
      return `complete -c meshproof${condition}${short}${long}${value} -d ${quote(option.description)}`;
    });
    return [...commands, ...options];
  });
  return `${[...new Set(lines)].join('\n')}\n`;
}
