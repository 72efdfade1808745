/** The commands of `meshproof`. What a command needs is loaded when it runs, so that `--help` comes at once. */
import { Command } from 'commander';
import { VERSION } from '../../proto/version.ts';
import { addAgent } from './agent.ts';
import { addBaseline } from './baseline.ts';
import { addCompletion } from './completion.ts';
import { addDemo } from './demo.ts';
import { addDiff } from './diff.ts';
import { addDoctor } from './doctor.ts';
import { addExpect } from './expect.ts';
import { addExplain } from './explain.ts';
import { addInstall } from './install.ts';
import { addMatrix } from './matrix.ts';
import { addPreview } from './preview.ts';
import { addSandbox } from './sandbox.ts';
import { addServe } from './serve.ts';
import type { Session } from './session.ts';
import { addTlsCheck } from './tls-check.ts';
import { addVerify } from './verify.ts';
import { addWitness } from './witness.ts';

const EXIT_STATUSES = `
Exit status: 0 pass, 79 violations, 75 inconclusive, 77 not permitted, 69 unreachable, 65 unreadable input,
64 usage, 1 internal error, 130 interrupted.

Start here:
  $ NAME demo                              a whole mesh on this machine, measured and judged
  $ NAME explain shop/web shop/pay -f .    what your manifests say about one call`;

export function buildProgram(name: string, session: Session): Command {
  const { terminal } = session;
  const program = new Command(name);
  program
    .description('Measures what an Istio mesh really lets through, and holds it against what its policy declares.')
    .version(VERSION, '-V, --version')
    .option('-q, --quiet', 'no progress on stderr')
    .option('--no-color', 'no colours (also: NO_COLOR)')
    .option('-v, --verbose', 'tell more on stderr, and the cause of an error in full')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void terminal.write(text),
      writeErr: terminal.note,
      getOutHelpWidth: () => Math.min(terminal.page.columns, 110),
      getErrHelpWidth: () => Math.min(terminal.errorPage.columns, 110),
      outputError: (text, write) => {
        write(`${name}: ${text.replace(/^error: /, '')}`);
      },
    })
    .showHelpAfterError(`(see ${name} --help)`)
    .exitOverride()
    .addHelpText('after', EXIT_STATUSES.replaceAll('NAME', name));
  addMatrix(program, session);
  addExpect(program, session);
  addExplain(program, session);
  addTlsCheck(program, session);
  addBaseline(program, session);
  addVerify(program, session);
  addDiff(program, session);
  addPreview(program, session);
  addServe(program, session);
  addSandbox(program, session);
  addInstall(program, session);
  addDoctor(program, session);
  addAgent(program, session);
  addWitness(program, session);
  addDemo(program, session);
  addCompletion(program, session);
  return program;
}
