/** A part of a benchmark in a process of its own, so that its CPU time is its own: it is asked, and it answers. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

type Reply<Answer> =
  { readonly kind: 'answer'; readonly answer: Answer } | { readonly kind: 'failed'; readonly why: string };

/** One question at a time. Disposal ends the process. */
export class Worker<Question, Answer> implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  /** @param module URL of the module that calls `answerQuestions`. */
  constructor(module: URL, nodeOptions: readonly string[] = []) {
    this.#child = fork(fileURLToPath(module), { serialization: 'advanced', execArgv: [...nodeOptions] });
    this.#exited = once(this.#child, 'exit');
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Rejects with the worker's own words where it failed, and when the signal aborts. */
  async ask(question: Question, signal: AbortSignal): Promise<Answer> {
    const replied = once(this.#child, 'message', { signal }) as Promise<[Reply<Answer>]>;
    this.#child.send(question as object);
    const replies = await Promise.race([replied, this.#exited.then(() => undefined)]);
    if (replies === undefined) throw new Error(`process ${String(this.pid)} has ended without an answer`);
    const [reply] = replies;
    if (reply.kind === 'failed') throw new Error(reply.why);
    return reply.answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

/** In the worker: answers until the process that asks is gone. */
export function answerQuestions(answer: (question: never) => Promise<unknown>): void {
  const send = (reply: Reply<unknown>): void => {
    process.send?.(reply);
  };
  process.on('message', (question) => {
    answer(question as never).then(
      (value) => {
        send({ kind: 'answer', answer: value });
      },
      (error: unknown) => {
        send({ kind: 'failed', why: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      },
    );
  });
  process.on('disconnect', () => process.exit());
}
