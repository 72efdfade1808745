/** Container health checks with the kubelet's semantics. */
import type { Outcome } from '../../proto/outcome.ts';
import type { HealthAction, HealthProbe } from '../../proto/vocabulary.ts';
import { refusalIn } from '../classify-answer.ts';
import { refused } from '../classify.ts';
import { attemptOverTls, attemptPlain, reached } from './attempt.ts';
import type { Exchange } from './attempt.ts';
import type { Probe } from './probe.ts';
import { askHealth, isServing, outcomeOfNoAnswer } from './speak-grpc.ts';
import { ask, outcomeOfNoHead } from './speak-http.ts';

/**
 * What the kubelet takes for healthy: any status from 200 to 399, TLS unverified (kubernetes: pkg/probe/http/http.go);
 * a TCP connection (pkg/probe/tcp/tcp.go); SERVING (pkg/probe/grpc/grpc.go).
 */
export const probeHealth: Probe<HealthProbe> = (task, deps, signal) => {
  const { action } = task.probe;
  switch (action.kind) {
    case 'httpGet': {
      if (action.scheme === 'HTTP') return attemptPlain(task, deps, signal, (exchange) => checkHttp(exchange, action));
      const bare = { presented: 'none', alpn: [], serverName: '' } as const;
      return attemptOverTls(task, deps, signal, bare, (exchange) => checkHttp(exchange, action));
    }
    case 'tcpSocket':
      return attemptPlain(task, deps, signal, (exchange) => Promise.resolve(reached(exchange)));
    case 'grpc':
      return attemptPlain(task, deps, signal, (exchange) => checkGrpc(exchange, action.service));
  }
};

type HttpGet = Extract<HealthAction, { kind: 'httpGet' }>;

async function checkHttp(exchange: Exchange, { path, headers }: HttpGet): Promise<Outcome> {
  const { connection, facts } = exchange;
  const reader = await ask(exchange, { method: 'GET', path, headers });
  const { answer } = reader;
  if (answer === undefined) return outcomeOfNoHead(exchange, reader);
  const { status, body } = answer;
  if (status >= 200 && status < 400) return reached(exchange, status);
  // Where a proxy let nobody through, the check says nothing of the application.
  const signature = refusalIn({ status, header: (name) => answer.headers.get(name), text: body, isMeshed: false });
  const isDenied = signature === 'rbac-denied' || signature === 'jwt-refused';
  return { ...refused(connection, facts, isDenied ? signature : 'health-failed', body), status };
}

async function checkGrpc(exchange: Exchange, service: string): Promise<Outcome> {
  const { connection, facts } = exchange;
  const answer = await askHealth(exchange, service);
  if (answer === undefined) return outcomeOfNoAnswer(exchange);
  const status = answer.grpcStatus ?? answer.httpStatus;
  if (isServing(answer)) return reached(exchange, status);
  return { ...refused(connection, facts, 'health-failed', answer.text), status };
}
