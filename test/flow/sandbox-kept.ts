/** Sandboxes that a test keeps up from the command line, in a runtime folder of its own. */
import { CliProcess } from '../support/cli-process.ts';

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class KeptSandboxes {
  readonly #env: Readonly<Record<string, string>>;

  /** `folder` becomes the runtime folder of all commands. */
  constructor(folder: string, env: Readonly<Record<string, string>> = {}) {
    this.#env = { ...env, XDG_RUNTIME_DIR: folder };
  }

  start(...args: readonly string[]): CliProcess {
    return new CliProcess(args, { env: this.#env });
  }

  async run(...args: readonly string[]): Promise<Run> {
    await using command = this.start(...args);
    const { status } = await command.ended;
    return { status, stdout: command.stdout, stderr: command.stderr };
  }

  /** Resolves when it answers. */
  async up(...args: readonly string[]): Promise<CliProcess> {
    const sandbox = this.start('sandbox', 'up', ...args);
    await sandbox.says('stdout', /\^C ends it/);
    return sandbox;
  }
}
