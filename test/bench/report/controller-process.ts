/** The controller's side: the real fleet with the sweep's own state, and a unary service to compare with. */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { Fleet } from '../../../controller/fleet/fleet.ts';
import type { CountedBatch } from '../../../controller/fleet/fleet.ts';
import { makeServingCertificate } from '../../../controller/fleet/serving-certificate.ts';
import { Collected } from '../../../controller/measured/collected.ts';
import { systemClock } from '../../../proto/system-clock.ts';
import type { Report } from '../../../proto/outcome.ts';
import type { Address } from '../../../proto/vocabulary.ts';
import { vantageKey } from '../../../proto/vocabulary.ts';
import { batchFromWire } from '../../../proto/wire.ts';
import type { OutcomeBatch } from '../../../proto/gen/meshproof/v1/session.ts';
import { answerQuestions } from '../frame/worker.ts';
import { AGENT_ID, ROUTES, SLOTS, UNARY, VANTAGE } from './outcomes.ts';

/** Every `start` gives a token for one more start of the agent. */
export type ControllerQuestion = 'start' | 'counts' | 'start-unary';

export interface Endpoint {
  readonly address: Address;
  readonly caPem: string;
  readonly token: string;
}

export interface Counts {
  /** Attempts of which the outcome is known. */
  readonly known: number;
  /** Outcomes that came for an attempt that was known already. */
  readonly again: number;
  readonly dropped: number;
  readonly missingBatches: number;
  /** Batches that came again and were not counted. */
  readonly repeatedBatches: number;
}

const KEY = vantageKey(VANTAGE);
const collected = new Collected(
  Array.from({ length: ROUTES }, (_, index) => ({ route: index + 1, vantage: KEY, attempts: 1, dialled: [undefined] })),
);
for (let slot = 0; slot < SLOTS; slot += 1) {
  collected.ask(
    slot,
    Array.from({ length: ROUTES }, (_, index) => index + 1),
  );
}
let known = 0;
let again = 0;
let fleet: Fleet | undefined;

answerQuestions(async (question: ControllerQuestion): Promise<Endpoint | Counts> => {
  switch (question) {
    case 'start': {
      fleet ??= await Fleet.start({ clock: systemClock, debug: () => undefined, record: keep });
      const { address, caPem, joinTokenFor } = fleet.endpoint;
      return { address, caPem, token: joinTokenFor(AGENT_ID, VANTAGE) };
    }
    case 'counts': {
      const agent = fleet?.roster.find(AGENT_ID);
      const { droppedOutcomes: dropped = 0, missingBatches = 0, repeatedBatches = 0 } = agent ?? {};
      return { known, again, dropped, missingBatches, repeatedBatches };
    }
    case 'start-unary':
      return await startUnary();
  }
});

function keep({ vantage, reports }: CountedBatch): 'kept' {
  record(vantage, reports);
  return 'kept';
}

function record(vantage: string, reports: readonly Report[]): void {
  for (const report of reports) {
    if (collected.add(vantage, report)) known += 1;
    else again += 1;
  }
}

/** The same outcome, the same state, the same TLS; only that every outcome is a call of its own. */
async function startUnary(): Promise<Endpoint> {
  const certificate = makeServingCertificate(['localhost', '127.0.0.1'], systemClock.nowMs());
  const server = new Server({ 'grpc.enable_channelz': 0 });
  const implementation: UntypedServiceImplementation = {
    report: (call: { readonly request: OutcomeBatch }, answer: (error: null, value: Buffer) => void) => {
      record(KEY, batchFromWire(call.request).reports);
      answer(null, Buffer.alloc(0));
    },
  };
  const service: ServiceDefinition = { report: UNARY };
  server.addService(service, implementation);
  const pair = { private_key: Buffer.from(certificate.key), cert_chain: Buffer.from(certificate.certificate) };
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(null, [pair], false), (error, port) => {
    if (error === null) resolve(port);
    else reject(error);
  });
  return { address: { host: '127.0.0.1', port: await promise }, caPem: certificate.certificate, token: '' };
}
