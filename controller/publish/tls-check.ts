/** The table of the old `tls-check`: for each service port, what the server takes, what the client sends, and who says so. */
import type { Expectation, Stage, TrailStep } from '../declared/expectation.ts';
import { CAUSES } from '../judge/causes.ts';
import type { CauseCode } from '../judge/causes.ts';
import type { Outcome } from '../../proto/outcome.ts';
import { stepInEffect } from './explain.ts';
import { qualifiedName } from './object-words.ts';
import type { Page } from './page.ts';
import { paint } from './page.ts';
import { alignColumns, paragraph } from './text-layout.ts';

export interface TlsCheckRow {
  /** `namespace/workload`. */
  readonly client: string;
  /** `pay.shop.svc.cluster.local:8080`. */
  readonly hostPort: string;
  readonly expectation: Expectation;
  /** What the wire said; two columns more where it is known. */
  readonly measured?: MeasuredCall;
}

export interface MeasuredCall {
  readonly outcome: Outcome;
  /** Of the route's drift, denial or unknown, and of conflicts that it is part of. */
  readonly causes: readonly CauseCode[];
}

const HEAD = ['HOST:PORT', 'STATUS', 'SERVER', 'CLIENT', 'AUTHN POLICY', 'DESTINATION RULE'];

/** A table a client; clients whose tables are equal share one. */
export function publishTlsCheck(rows: readonly TlsCheckRow[], page: Page): string {
  if (rows.length === 0) return 'Nothing to check: no client workload and service port that match.\n';
  const tables = new Map<string, string[]>();
  for (const [client, group] of Map.groupBy(rows, (row) => row.client)) {
    const head = group.some(({ measured }) => measured !== undefined) ? [...HEAD, 'MEASURED', 'CAUSE'] : HEAD;
    const text = alignColumns([head, ...group.map((row) => cellsOf(row, page))], page.columns).join('\n');
    tables.set(text, [...(tables.get(text) ?? []), client]);
  }
  return [...tables].map(([text, clients]) => `${titleOf(clients, page)}\n${text}\n`).join('\n');
}

function titleOf(clients: readonly string[], page: Page): string {
  return paragraph('From ', clients.join(', '), page.columns)
    .map((line) => paint(page, 'strong', line))
    .join('\n');
}

function cellsOf({ hostPort, expectation, measured }: TlsCheckRow, page: Page): string[] {
  const authentication = stepOf(expectation, 'peer-authentication');
  const client = stepOf(expectation, 'client');
  return [
    hostPort,
    statusOf(expectation, page),
    serverWords(expectation, authentication),
    clientWords(client),
    policyWords(authentication),
    ruleWords(client),
    ...(measured === undefined ? [] : [measuredWords(measured.outcome), causeWords(measured.causes)]),
  ];
}

/** In the words of the other columns, where there are such. */
function measuredWords(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'reached':
      return TRANSPORTS[outcome.transport];
    case 'refused':
      return outcome.signature;
    case 'silent':
      return 'no answer';
    case 'untested':
      return 'not measured';
  }
}

const TRANSPORTS = { mtls: 'mTLS', plaintext: 'HTTP', tls: 'TLS', hbone: 'HBONE', unproved: 'answered' } as const;

function causeWords(codes: readonly CauseCode[]): string {
  return codes.length === 0 ? '-' : codes.map((code) => `${code} ${CAUSES[code].name}`).join(', ');
}

/** An endpoint stands for the service where all are alike; else the first one that is not let in, which is the trouble. */
function stepOf(expectation: Expectation, stage: Stage): TrailStep | undefined {
  const endpoint = expectation.endpoints?.find((one) => one.expect !== 'allow');
  const { trail } = endpoint ?? expectation;
  return stepInEffect(trail, stage) ?? trail.findLast((step) => step.stage === stage);
}

/** Whether the two sides' TLS fits; a call that fits may still be denied by authorization. */
function statusOf(expectation: Expectation, page: Page): string {
  if (expectation.expect === 'mixed') return paint(page, 'warn', 'MIXED');
  if (expectation.expect === 'unknown') return paint(page, 'warn', 'UNKNOWN');
  const isClash = ['CLIENT_TLS_MISMATCH', 'DENY_STRICT', 'DENY_NO_CHAIN_TLS', 'PROTO_MISMATCH'].includes(
    expectation.outcome,
  );
  return isClash ? paint(page, 'bad', 'CONFLICT') : paint(page, 'good', 'OK');
}

const SERVERS: Readonly<Record<string, string>> = { STRICT: 'mTLS', PERMISSIVE: 'HTTP/mTLS', DISABLE: 'HTTP' };

function serverWords(expectation: Expectation, step: TrailStep | undefined): string {
  if (expectation.expect === 'mixed') return 'differs';
  if (step === undefined || step.isInEffect === false) return 'HTTP';
  return SERVERS[step.result] ?? step.result;
}

const CLIENTS: Readonly<Record<string, string>> = {
  mtls: 'mTLS',
  plaintext: 'HTTP',
  simple: 'TLS',
  mutual: 'own mTLS',
};

function clientWords(step: TrailStep | undefined): string {
  if (step === undefined) return 'HTTP';
  return CLIENTS[step.result] ?? step.result;
}

function policyWords(step: TrailStep | undefined): string {
  if (step === undefined) return '-';
  const name = step.object === undefined ? (step.by ?? 'default') : qualifiedName(step.object);
  return step.isInEffect === false ? `${name} (bypassed)` : name;
}

function ruleWords(step: TrailStep | undefined): string {
  if (step?.object?.kind !== 'DestinationRule') return '-';
  return qualifiedName(step.object);
}
