/** Runs the command line inside the test's own process, with streams that keep what is written. */
import { Readable, Writable } from 'node:stream';
import { runCli } from '../../controller/cli/run.ts';

export interface CliAnswer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliSetting {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly invokedAs?: string;
  readonly signal?: AbortSignal;
}

export async function cli(args: readonly string[], setting: CliSetting = {}): Promise<CliAnswer> {
  const stdout = new Recorder();
  const stderr = new Recorder();
  const status = await runCli({
    args,
    streams: { stdin: Readable.from([Buffer.from(setting.stdin ?? '')]), stdout, stderr, env: setting.env ?? {} },
    signal: setting.signal ?? new AbortController().signal,
    invokedAs: setting.invokedAs ?? '/usr/bin/meshproof',
  });
  return { status, stdout: stdout.text, stderr: stderr.text };
}

/** Keeps all that is written; a terminal of so many columns, if any. */
export class Recorder extends Writable {
  text = '';
  readonly isTTY: boolean;
  readonly columns?: number;

  constructor(columns?: number) {
    super({ decodeStrings: false });
    this.isTTY = columns !== undefined;
    if (columns !== undefined) this.columns = columns;
  }

  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}
