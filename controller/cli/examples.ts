/** Examples at the end of a command's help. */
import type { Command } from 'commander';

/** Each is a command line without the program's name, and what it is for. */
export function addExamples(command: Command, examples: readonly (readonly [line: string, what: string])[]): void {
  command.addHelpText('after', ({ command: shown }) => {
    let root = shown;
    while (root.parent !== null) root = root.parent;
    const lines = examples.map(([line, what]) => `  $ ${root.name()} ${line}\n      ${what}`);
    return `\nExamples:\n${lines.join('\n')}`;
  });
}
