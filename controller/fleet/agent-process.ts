/** One agent as a child process of ours: started, watched, ended. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../proto/clock.ts';
import { AGENT_NODE_OPTIONS } from './agent-options.ts';

export interface AgentProcessDeps {
  readonly clock: Clock;
  readonly debug: (message: string) => void;
  /** The process ended, and nobody had asked it to. */
  readonly onLost: (why: string) => void;
}

/** As sources or built, like this file. */
const ENTRY = new URL(`../../agent/main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

/** Where Node keeps compiled modules by default. It halves what a fleet of agents costs to start. */
const NODE_COMPILE_CACHE = process.env['NODE_COMPILE_CACHE'] ?? join(tmpdir(), 'node-compile-cache');

/** From SIGTERM until SIGKILL. */
const END_WITHIN_MS = 5000;
/** Of what the process said last, for the reason that is given for its end. */
const KEPT_STDERR = 1024;

export class AgentProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  readonly #exited: Promise<void>;
  #isAsked = false;
  #stderr = '';

  /**
   * The agent gets nothing of our environment but what is given here. Its standard input is a pipe that nobody writes
   * to: it ends with us, however we end, and the agent with it.
   */
  constructor(id: string, environment: Readonly<Record<string, string>>, deps: AgentProcessDeps) {
    this.#clock = deps.clock;
    const own = {
      MESHPROOF_AGENT_ID: id,
      MESHPROOF_EXIT_ON_STDIN_END: '1',
      NODE_OPTIONS: AGENT_NODE_OPTIONS,
      NODE_COMPILE_CACHE,
    };
    const env = { ...environment, ...own };
    const child = spawn(process.execPath, [fileURLToPath(ENTRY)], { env, stdio: ['pipe', 'ignore', 'pipe'] });
    this.#child = child;
    child.stdin.on('error', (error) => {
      deps.debug(`agent ${id}: its standard input: ${error.message}`);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT_STDERR);
      deps.debug(`agent ${id}: ${text.trimEnd()}`);
    });
    const exited = Promise.withResolvers<undefined>();
    this.#exited = exited.promise;
    const end = (how: string): void => {
      exited.resolve(undefined);
      const lastLine = this.#stderr.trimEnd().split('\n').at(-1) ?? '';
      if (!this.#isAsked) deps.onLost(lastLine === '' ? how : `${how}: ${lastLine}`);
    };
    child.on('error', (error) => {
      end(`the process cannot be started: ${error.message}`);
    });
    child.on('close', (code, signal) => {
      end(signal === null ? `the process ended with status ${String(code)}` : `the process was ended by ${signal}`);
    });
  }

  /** Undefined where it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when the process is gone: on request, or else by force. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isAsked = true;
    const isGone = new AbortController();
    const gone = this.#exited.then(() => {
      isGone.abort();
    });
    this.#child.kill('SIGTERM');
    // One that is stopped would hear nothing.
    this.#child.kill('SIGCONT');
    try {
      await this.#clock.sleep(END_WITHIN_MS, isGone.signal);
      this.#child.kill('SIGKILL');
    } catch (error) {
      if (!isGone.signal.aborted) throw error;
    }
    await gone;
  }
}
