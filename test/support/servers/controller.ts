/** A controller reduced to its wire: accepts agents over TLS, keeps what they say, and says what the test tells it to. */
import * as grpc from '@grpc/grpc-js';
import { SessionService } from '../../../proto/gen/meshproof/v1/session.ts';
import type { AgentMessage, ControllerMessage } from '../../../proto/gen/meshproof/v1/session.ts';
import type { Address } from '../../../proto/vocabulary.ts';
import { createAuthority, issue } from '../certificates.ts';

type Call = grpc.ServerDuplexStream<AgentMessage, ControllerMessage>;
type AgentBody = NonNullable<AgentMessage['body']>;
type ControllerBody = NonNullable<ControllerMessage['body']>;

/** One agent's stream, as the controller sees it. */
export interface AgentStream {
  readonly token: string;
  /** The next message of the agent that the test has not seen. Rejects when the stream ends instead. */
  readonly next: () => Promise<AgentBody>;
  readonly say: (body: ControllerBody) => void;
  /** Ends the stream in good order. */
  readonly end: () => void;
  /** Ends it with a status. */
  readonly fail: (code: grpc.status, details: string) => void;
  readonly ended: Promise<void>;
}

export interface TestController extends AsyncDisposable {
  readonly address: Address;
  readonly caPem: string;
  /** The next agent that connects. */
  readonly nextAgent: () => Promise<AgentStream>;
}

export async function startController(): Promise<TestController> {
  const authority = createAuthority('test controller');
  const serving = issue(authority, { dnsNames: ['localhost', 'meshproof-controller'] });
  const server = new grpc.Server();
  const agents = queue<AgentStream>();
  server.addService(SessionService, {
    connect: (call: Call) => {
      agents.put(streamOf(call));
    },
  });
  const pair = { private_key: Buffer.from(serving.key), cert_chain: Buffer.from(serving.chain) };
  const credentials = grpc.ServerCredentials.createSsl(null, [pair]);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return {
    address: { host: 'localhost', port },
    caPem: authority.rootPem,
    nextAgent: agents.take,
    [Symbol.asyncDispose]: () => {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}

function streamOf(call: Call): AgentStream {
  const messages = queue<AgentBody>();
  call.on('data', ({ body }: AgentMessage) => {
    if (body !== undefined) messages.put(body);
  });
  call.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => {
    for (const event of ['end', 'close', 'cancelled', 'error']) call.once(event, resolve);
  });
  call.on('end', () => {
    messages.fail(new Error('the agent ended its stream'));
    call.end();
  });
  call.on('cancelled', () => {
    messages.fail(new Error('the stream was lost'));
  });
  return {
    token: String(call.metadata.get('authorization')[0] ?? ''),
    next: messages.take,
    say: (body) => {
      call.write({ body });
    },
    end: () => {
      call.end();
    },
    fail: (code, details) => {
      call.emit('error', { code, details });
    },
    ended,
  };
}

function queue<T>(): {
  readonly put: (value: T) => void;
  readonly take: () => Promise<T>;
  readonly fail: (error: Error) => void;
} {
  const values: T[] = [];
  const takers: PromiseWithResolvers<T>[] = [];
  let failure: Error | undefined;
  return {
    put: (value) => {
      const taker = takers.shift();
      if (taker === undefined) values.push(value);
      else taker.resolve(value);
    },
    take: () => {
      const value = values.shift();
      if (value !== undefined) return Promise.resolve(value);
      if (failure !== undefined) return Promise.reject(failure);
      const taker = Promise.withResolvers<T>();
      takers.push(taker);
      return taker.promise;
    },
    fail: (error) => {
      failure = error;
      for (const taker of takers.splice(0)) taker.reject(error);
    },
  };
}
