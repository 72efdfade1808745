/** An agent that says what a test tells it to, over a real stream. */
import { Client, Metadata, credentials, status } from '@grpc/grpc-js';
import type { ClientDuplexStream, StatusObject } from '@grpc/grpc-js';
import { SessionService } from '../../proto/gen/meshproof/v1/session.ts';
import type { AgentMessage, ControllerMessage, Hello } from '../../proto/gen/meshproof/v1/session.ts';
import type { ControllerEndpoint } from '../../controller/fleet/launcher.ts';
import type { Report } from '../../proto/outcome.ts';
import type { PlannedRoute, Vantage } from '../../proto/vocabulary.ts';
import { PROTOCOL, batchToWire, routeFromWire, vantageToWire } from '../../proto/wire.ts';

type Body = NonNullable<ControllerMessage['body']>;
type Case = Body['$case'];
type Values = { readonly [Each in Body as Each['$case']]: Each['value'] };

export interface FakeAgentOptions {
  readonly id: string;
  readonly vantage: Vantage;
  /** @default boot-1 */
  readonly bootId?: string;
  /** @default one that the endpoint issues for the id and vantage; empty: none is sent */
  readonly token?: string;
  readonly hello?: Partial<Hello>;
}

export const FIT = { loopLagP99Ms: 1, throttledShare: 0, isSidecarReady: true, isFit: true };

export class FakeAgent implements AsyncDisposable {
  readonly stream: ClientDuplexStream<AgentMessage | Buffer, ControllerMessage>;
  /** Settles when the stream has ended, whoever ended it. */
  readonly ended: Promise<StatusObject>;
  /** Everything that came, in order. */
  readonly received: Body[] = [];
  /** What the controller has told it to do, in order. */
  readonly routes: PlannedRoute[] = [];
  /** Called with the tasks of each plan message. */
  onRoutes: (routes: readonly PlannedRoute[]) => void = () => undefined;
  readonly #client: Client;
  #waiting: (() => void)[] = [];

  /** Dials and says Hello (unless `hello` is to be left out). */
  constructor(endpoint: ControllerEndpoint, options: FakeAgentOptions | null, bearer = '') {
    const { host, port } = endpoint.address;
    this.#client = new Client(`${host}:${String(port)}`, credentials.createSsl(Buffer.from(endpoint.caPem)), {
      'grpc.ssl_target_name_override': 'localhost',
      'grpc.enable_retries': 0,
    });
    const metadata = new Metadata();
    const token = options === null ? bearer : (options.token ?? endpoint.joinTokenFor(options.id, options.vantage));
    if (token !== '') metadata.set('authorization', `Bearer ${token}`);
    const { path, requestSerialize, responseDeserialize } = SessionService.connect;
    const serialize = (message: AgentMessage | Buffer): Buffer =>
      Buffer.isBuffer(message) ? message : requestSerialize(message);
    this.stream = this.#client.makeBidiStreamRequest(path, serialize, responseDeserialize, metadata);
    const ended = Promise.withResolvers<StatusObject>();
    this.ended = ended.promise;
    this.stream.on('error', () => undefined);
    this.stream.on('status', (state: StatusObject) => {
      ended.resolve(state);
      this.#wake();
    });
    this.stream.on('data', ({ body }: ControllerMessage) => {
      if (body === undefined) return;
      this.received.push(body);
      const told = body.$case === 'plan' ? body.value.routes : body.$case === 'planDelta' ? body.value.added : [];
      const routes = told.map(routeFromWire).flatMap((route) => (route.kind === 'planned' ? [route.planned] : []));
      this.routes.push(...routes);
      this.onRoutes(routes);
      this.#wake();
    });
    if (options !== null) this.#sayHello(options);
  }

  send(body: NonNullable<AgentMessage['body']>): void {
    this.stream.write({ body });
  }

  /** Bytes in place of a message. */
  sendBytes(bytes: Buffer): void {
    this.stream.write(bytes);
  }

  report(sequence: number, reports: readonly Report[], droppedBefore = 0): void {
    this.send({ $case: 'batch', value: batchToWire({ sequence, reports, droppedBefore, fitness: FIT }) });
  }

  /** The nth message of a kind; rejects when the stream ends without it. */
  async message<Wanted extends Case>(wanted: Wanted, nth = 1): Promise<Values[Wanted]> {
    const isWanted = (body: Body): body is Body & { readonly value: Values[Wanted] } => body.$case === wanted;
    for (;;) {
      const found = this.received.filter(isWanted)[nth - 1];
      if (found !== undefined) return found.value;
      await this.#change(`the stream ended without ${wanted} number ${String(nth)}`);
    }
  }

  async untilRoutes(count: number): Promise<readonly PlannedRoute[]> {
    while (this.routes.length < count) await this.#change(`the stream ended without ${String(count)} routes`);
    return this.routes;
  }

  /** As if the network had failed. */
  cut(): void {
    this.stream.cancel();
    this.#client.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await this.ended;
  }

  #sayHello({ id, vantage, bootId = 'boot-1', hello = {} }: FakeAgentOptions): void {
    const value = {
      agentId: id,
      bootId,
      vantage: vantageToWire(vantage),
      version: '0.0.0',
      protocol: PROTOCOL,
      oldestUnacknowledged: 0,
      planVersion: 0,
      ...hello,
    };
    this.send({ $case: 'hello', value });
  }

  #change(otherwise: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.#waiting.push(() => {
      resolve(undefined);
    });
    void this.ended.then(({ code, details }) => {
      reject(new Error(`${otherwise}: ${status[code]} ${details}`));
    });
    return promise;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
