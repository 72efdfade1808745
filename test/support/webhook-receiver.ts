/** A receiver of webhooks on loopback that answers, or does not, as a test says. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as textOf } from 'node:stream/consumers';

export interface Delivery {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** @param nth Of this delivery, counted from 1. */
export type Answer = (response: ServerResponse, delivery: Delivery, nth: number) => void;

export function answers(status: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return (response) => response.writeHead(status, headers).end('thank you');
}

export class WebhookReceiver implements AsyncDisposable {
  readonly deliveries: Delivery[] = [];
  readonly #server: Server;
  readonly #answer: Answer;
  #port = 0;

  private constructor(answer: Answer) {
    this.#answer = answer;
    this.#server = createServer((request, response) => {
      void textOf(request).then((body) => {
        const delivery = { path: request.url ?? '', headers: request.headers, body };
        this.deliveries.push(delivery);
        const nth = this.deliveries.length;
        this.#answer(response, delivery, nth);
      });
    });
  }

  /** @param port One that was free before; 0: any. */
  static async start(answer: Answer = answers(204), port = 0): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver(answer);
    receiver.#server.listen(port, '127.0.0.1');
    await once(receiver.#server, 'listening');
    receiver.#port = (receiver.#server.address() as AddressInfo).port;
    return receiver;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.#port)}/hook`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}
