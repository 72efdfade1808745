/** Our side: the agent's own probes, identity and classification in a process of its own, in a closed loop. */
import { createPrivateKey, createPublicKey, randomUUID } from 'node:crypto';
import { workloadIdentity } from '../../../agent/identity/workload-identity.ts';
import { signCertificate } from '../../../proto/x509.ts';
import type { ProbeDeps } from '../../../agent/probes/probe.ts';
import { attempt } from '../../../agent/probes/probes.ts';
import { publicKeyOfRequest } from '../../../deploy/sandbox/ca/certificate-signing-request.ts';
import { systemClock } from '../../../proto/system-clock.ts';
import type { Address, Task } from '../../../proto/vocabulary.ts';
import { answerQuestions } from '../frame/worker.ts';
import { CALLER_ID, PROBES, TARGET_HOSTS, TARGET_ID, TARGET_NAME } from './transport.ts';
import type { TargetPorts, Transport } from './transport.ts';

export type AttemptsQuestion =
  | { readonly kind: 'prepare'; readonly caKeyPem: string; readonly rootPem: string; readonly ports: TargetPorts }
  | { readonly kind: 'attempt'; readonly transport: Transport; readonly attempts: number; readonly inFlight: number };

export interface AttemptsAnswer {
  readonly reached: number;
  /** The first outcome that was not an answer, in words. */
  readonly unexpected: string | undefined;
}

const HOUR_MS = 3_600_000;

interface Prepared {
  readonly deps: ProbeDeps;
  readonly ports: TargetPorts;
}

let prepared: Prepared | undefined;

answerQuestions(async (question: AttemptsQuestion): Promise<AttemptsAnswer> => {
  if (question.kind === 'prepare') {
    prepared = prepare(question);
    return { reached: 0, unexpected: undefined };
  }
  if (prepared === undefined) throw new Error('not prepared');
  return await attemptAll(prepared, question);
});

function prepare({ caKeyPem, rootPem, ports }: Extract<AttemptsQuestion, { kind: 'prepare' }>): Prepared {
  const privateKey = createPrivateKey(caKeyPem);
  const issuer = { privateKey, publicKey: createPublicKey(privateKey), organization: 'bench' };
  const sign = (csr: string): Promise<string> => {
    const publicKey = publicKeyOfRequest(csr);
    if (publicKey === undefined) throw new Error('the request is none');
    const now = Date.now();
    const times = { notBeforeMs: now - HOUR_MS, notAfterMs: now + 2 * HOUR_MS };
    return Promise.resolve(
      signCertificate({ issuer, publicKey, organization: '', names: [CALLER_ID], isCa: false, ...times }),
    );
  };
  const identity = { rootPem, spiffeId: CALLER_ID, sign, clock: systemClock, random: Math.random };
  return {
    deps: { credentials: workloadIdentity(identity), dataPlane: 'naked', capture: undefined, newToken: randomUUID },
    ports,
  };
}

async function attemptAll(
  { deps, ports }: Prepared,
  { transport, attempts, inFlight }: Extract<AttemptsQuestion, { kind: 'attempt' }>,
): Promise<AttemptsAnswer> {
  const { signal } = new AbortController();
  let begun = 0;
  let reached = 0;
  let unexpected: string | undefined;
  const loop = async (): Promise<void> => {
    while (begun < attempts) {
      const host = TARGET_HOSTS[begun % TARGET_HOSTS.length] ?? '';
      begun += 1;
      const outcome = await attempt(taskTo({ host, port: ports[transport] }, transport), deps, signal);
      if (outcome.kind === 'reached') reached += 1;
      else unexpected ??= JSON.stringify(outcome);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  return { reached, unexpected };
}

function taskTo(address: Address, transport: Transport): Task {
  return {
    route: 1,
    slot: 1,
    attempt: 0,
    probe: PROBES[transport],
    address,
    authority: TARGET_NAME,
    serverName: TARGET_NAME,
    peerIdentities: [TARGET_ID],
    connectTimeoutMs: 2_000,
    timeoutMs: 5_000,
  };
}
