/** The agent's side: its own spool, session and stream, fed as fast as the controller acknowledges; and unary calls. */
import { Client, credentials } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { holdSession } from '../../../agent/session.ts';
import { grpcUplink } from '../../../agent/session/uplink.ts';
import { Spool } from '../../../agent/spool.ts';
import { systemClock } from '../../../proto/system-clock.ts';
import { batchToWire } from '../../../proto/wire.ts';
import { answerQuestions } from '../frame/worker.ts';
import type { Endpoint } from './controller-process.ts';
import { AGENT_ID, FIT, reportOf, UNARY, VANTAGE } from './outcomes.ts';

export interface ReporterQuestion {
  readonly kind: 'session' | 'unary';
  readonly endpoint: Endpoint;
  /** For files that go with the one who asks. */
  readonly folder: string;
  /** Number of the first one; each number is an attempt of its own. */
  readonly first: number;
  readonly outcomes: number;
  /** Spooled with every stream that is opened; 0: all of them, as fast as they are acknowledged. */
  readonly perStream: number;
  readonly inFlight: number;
}

export interface ReporterAnswer {
  /** Streams that were welcomed, or calls that were made. */
  readonly opened: number;
}

/** What an agent has spooled at a time, so that it is the controller that sets the pace. */
const CHUNK = 100;
const WAIT_MS = 1;
const BACKOFF = { firstMs: 20, mostMs: 100, reconnectJitterMs: 20, refusedMs: 1_000 };

answerQuestions((question: ReporterQuestion) =>
  question.kind === 'session' ? reportInSession(question) : reportInCalls(question),
);

async function reportInSession(question: ReporterQuestion): Promise<ReporterAnswer> {
  const { endpoint, folder } = question;
  const caFile = join(folder, 'ca.pem');
  const tokenFile = join(folder, 'token');
  await writeFile(caFile, endpoint.caPem);
  await writeFile(tokenFile, endpoint.token, { mode: 0o600 });
  const spool = new Spool(systemClock);
  const ending = new AbortController();
  let opened = 0;
  const session = holdSession(
    {
      clock: systemClock,
      open: grpcUplink({ controller: endpoint.address, caFile, tokenFile }),
      spool,
      work: { replace: () => undefined, change: () => undefined, pendingAttempts: 0, drain: () => Promise.resolve() },
      fitness: () => FIT,
      agentId: AGENT_ID,
      bootId: randomUUID(),
      vantage: VANTAGE,
      plan: { version: 0 },
      // Told at every Welcome.
      controllerTime: { hear: () => (opened += 1) },
      controlPath: { hear: () => undefined },
      graceMs: 10_000,
      backoff: BACKOFF,
      random: Math.random,
      onEnd: () => undefined,
    },
    ending.signal,
  );
  await feed(spool, question, () => opened);
  while (!spool.isEmpty) await sleep(WAIT_MS);
  ending.abort();
  await session;
  return { opened };
}

async function feed(
  spool: Spool,
  { first, outcomes, perStream }: ReporterQuestion,
  opened: () => number,
): Promise<void> {
  const mayAdd = (index: number): boolean => (perStream === 0 ? !spool.isBlocked : index < opened() * perStream);
  for (let index = 0; index < outcomes;) {
    if (!mayAdd(index)) {
      await (perStream === 0 ? new Promise(setImmediate) : sleep(WAIT_MS));
      continue;
    }
    for (const end = Math.min(outcomes, index + CHUNK); index < end; index += 1) spool.add(reportOf(first + index));
  }
}

async function reportInCalls({ endpoint, first, outcomes, inFlight }: ReporterQuestion): Promise<ReporterAnswer> {
  const { host, port } = endpoint.address;
  const client = new Client(`${host}:${String(port)}`, credentials.createSsl(Buffer.from(endpoint.caPem)), {
    'grpc.enable_retries': 0,
    'grpc.enable_channelz': 0,
  });
  let begun = 0;
  const loop = async (): Promise<void> => {
    while (begun < outcomes) {
      begun += 1;
      const batch = { sequence: begun, reports: [reportOf(first + begun - 1)], droppedBefore: 0, fitness: FIT };
      await new Promise<void>((resolve, reject) => {
        const { path, requestSerialize, responseDeserialize } = UNARY;
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, batchToWire(batch), (error) => {
          if (error === null) resolve();
          else reject(error);
        });
      });
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  client.close();
  return { opened: begun };
}
