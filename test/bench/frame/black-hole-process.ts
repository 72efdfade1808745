/** Listens and is then stopped from outside, so that nothing is ever accepted. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Address } from '../../../proto/vocabulary.ts';
import { answerQuestions } from './worker.ts';

answerQuestions(async (): Promise<Address> => {
  const server = createServer();
  server.listen({ host: '127.0.0.1', port: 0, backlog: 1 });
  await once(server, 'listening');
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
});
