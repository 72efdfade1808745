/** HTTP/1.1 in plaintext. */
import type { HttpProbe } from '../../proto/vocabulary.ts';
import { attemptPlain } from './attempt.ts';
import type { Probe } from './probe.ts';
import { speakHttp } from './speak-http.ts';

export const probeHttp: Probe<HttpProbe> = (task, deps, signal) =>
  attemptPlain(task, deps, signal, (exchange) => speakHttp(exchange, task.probe));
