/** The agent's own attempts at a steady rate, and how late each of them settled. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProbeDeps } from '../../../agent/probes/probe.ts';
import { attempt } from '../../../agent/probes/probes.ts';
import type { Address, Probe } from '../../../proto/vocabulary.ts';
import type { TestCertificate } from '../../support/certificates.ts';
import { contextOf } from '../../support/certificates.ts';
import { answerQuestions } from '../frame/worker.ts';

export interface DeadlineQuestion {
  readonly certificate: TestCertificate;
  readonly rootPem: string;
  /** Taken in turn. */
  readonly targets: readonly { readonly address: Address; readonly probe: Probe }[];
  readonly perSecond: number;
  readonly attempts: number;
  readonly timeoutMs: number;
}

export interface DeadlineAnswer {
  /** By target: milliseconds between the deadline and the settling of each attempt. */
  readonly overshootMs: readonly (readonly number[])[];
  /** The first attempt that did not run into its deadline, in words. */
  readonly unexpected: string | undefined;
}

const TICK_MS = 10;
/** Timers may fire a little early. */
const EARLY_MS = 5;

answerQuestions(async (question: DeadlineQuestion): Promise<DeadlineAnswer> => {
  const { certificate, rootPem, targets, perSecond, attempts, timeoutMs } = question;
  const context = contextOf(certificate, rootPem);
  const deps: ProbeDeps = {
    credentials: { contextFor: () => Promise.resolve(context) },
    dataPlane: 'naked',
    capture: undefined,
    newToken: () => 'token',
  };
  const { signal } = new AbortController();
  const overshootMs: number[][] = targets.map(() => []);
  let unexpected: string | undefined;
  const attemptOne = async (index: number): Promise<void> => {
    const target = targets[index % targets.length];
    if (target === undefined) return;
    const facts = { route: 1, slot: 0, attempt: 0, authority: 'target.bench', serverName: '', peerIdentities: [] };
    const times = { connectTimeoutMs: timeoutMs, timeoutMs };
    const startedMs = performance.now();
    const outcome = await attempt({ ...facts, ...target, ...times }, deps, signal);
    const lateMs = performance.now() - startedMs - timeoutMs;
    overshootMs[index % targets.length]?.push(lateMs);
    if (lateMs < -EARLY_MS) unexpected ??= JSON.stringify(outcome);
  };
  const running: Promise<void>[] = [];
  const beganMs = performance.now();
  while (running.length < attempts) {
    const due = Math.min(attempts, Math.ceil(((performance.now() - beganMs) * perSecond) / 1_000));
    while (running.length < due) running.push(attemptOne(running.length));
    await sleep(TICK_MS);
  }
  await Promise.all(running);
  return { overshootMs, unexpected };
});
