/** TLS without a client certificate: does the port terminate TLS, whose certificate does it show, does it want ours. */
import type { TlsProbe } from '../../proto/vocabulary.ts';
import { attemptOverTls } from './attempt.ts';
import type { Probe } from './probe.ts';
import { speakHttp } from './speak-http.ts';

/** A request is sent all the same: in TLS 1.3 the alert that asks for a certificate comes only after the handshake. */
export const probeTls: Probe<TlsProbe> = (task, deps, signal) =>
  attemptOverTls(
    task,
    deps,
    signal,
    { presented: 'none', alpn: task.probe.alpn, serverName: task.serverName },
    (exchange) => speakHttp(exchange, { method: 'GET', path: '/' }),
  );
