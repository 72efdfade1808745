/** TLS with a client certificate, and the application request inside. */
import type { MutualTlsProbe, UntrustedTlsProbe } from '../../proto/vocabulary.ts';
import { attemptOverTls } from './attempt.ts';
import type { Speak } from './attempt.ts';
import type { Probe } from './probe.ts';
import { speakGrpc } from './speak-grpc.ts';
import { speakHttp } from './speak-http.ts';
import { speakTcp } from './speak-tcp.ts';

/** With the agent's own workload certificate. */
export const probeMutualTls: Probe<MutualTlsProbe> = (task, deps, signal) => {
  const { alpn } = task.probe;
  const attempt = { presented: 'valid', alpn, serverName: task.serverName } as const;
  return attemptOverTls(task, deps, signal, attempt, speakInside(task.probe));
};

/** With a certificate of the right name from a CA that the mesh does not know. */
export const probeUntrusted: Probe<UntrustedTlsProbe> = (task, deps, signal) => {
  const { alpn } = task.probe;
  const attempt = { presented: 'untrusted-ca', alpn, serverName: task.serverName } as const;
  return attemptOverTls(task, deps, signal, attempt, speakInside(task.probe));
};

function speakInside({ application, path = '/' }: MutualTlsProbe | UntrustedTlsProbe): Speak {
  switch (application) {
    case 'http':
      return (exchange) => speakHttp(exchange, { method: 'GET', path });
    case 'tcp':
      return speakTcp;
    case 'grpc':
      return speakGrpc;
  }
}
