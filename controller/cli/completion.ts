/** `meshproof completion SHELL`: prints the script that teaches a shell our commands and options. */
import type { Command } from 'commander';
import { Argument } from 'commander';
import { EXIT } from '../../proto/errors.ts';
import { addExamples } from './examples.ts';
import type { Session } from './session.ts';

export function addCompletion(program: Command, session: Session): void {
  const command = program
    .command('completion')
    .description('Prints the completion script of a shell.')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const { COMPLETIONS } = await import('./completion-scripts.ts');
      await session.terminal.write(COMPLETIONS[shell](program));
      session.finish(EXIT.pass);
    });
  addExamples(command, [
    ['completion bash > /etc/bash_completion.d/meshproof', 'for every new shell'],
    ['completion fish | source', 'for this one'],
  ]);
}
