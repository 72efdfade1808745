import t from 'tap';
import type { Expectation, ObjectRef, OutcomeCode, TrailStep } from '../../../../controller/declared/expectation.ts';
import type { CauseCode } from '../../../../controller/judge/causes.ts';
import { denialCause } from '../../../../controller/judge/denial-cause.ts';
import type { Probe } from '../../../../proto/vocabulary.ts';
import { HTTP, MTLS, PAY_POD, STRICT, TLS, cell, deny, refused } from './cells.ts';
import type { CellDraft } from './cells.ts';

const CALLERS: ObjectRef = { kind: 'AuthorizationPolicy', namespace: 'shop', name: 'pay-callers' };
const RULE: ObjectRef = { kind: 'DestinationRule', namespace: 'web', name: 'off' };
const KUBELET: Probe = {
  kind: 'health',
  container: 'app',
  check: 'liveness',
  variant: 'kubelet',
  action: { kind: 'httpGet', path: '/live', scheme: 'HTTP', headers: [] },
};

function causeFor(more: Partial<Expectation>, draft: Partial<CellDraft> = {}) {
  const expectation = deny(more);
  const measured = cell({ expectation, outcome: refused('application', 'reset'), ...draft });
  return denialCause(measured, { ...expectation, expect: 'deny' });
}

const authorization = (by?: string, note?: string): TrailStep => ({
  stage: 'authorization',
  result: 'deny',
  object: CALLERS,
  ...(by !== undefined && { by }),
  ...(note !== undefined && { note }),
});
const client = (result: string, by: string): TrailStep => ({ stage: 'client', result, by });
const health = (result: string): TrailStep => ({ stage: 'health', result });

interface Row {
  readonly outcome: OutcomeCode;
  readonly when?: string;
  readonly trail?: readonly TrailStep[];
  readonly identity?: string;
  readonly decidedBy?: ObjectRef;
  readonly probe?: Probe;
  readonly code: CauseCode;
}

const ROWS: readonly Row[] = [
  { outcome: 'DENY_STRICT', code: 'MP1001' },
  { outcome: 'DENY_STRICT', when: 'the kubelet asks', probe: KUBELET, code: 'MP1401' },
  { outcome: 'DENY_NO_CHAIN_TLS', probe: TLS, code: 'MP1109' },
  { outcome: 'DENY_TLS_NO_CERT', probe: TLS, code: 'MP1110' },
  { outcome: 'DENY_TLS_BAD_CA', probe: MTLS, code: 'MP1103' },
  { outcome: 'DENY_TLS_BAD_TD', probe: MTLS, code: 'MP1104' },
  { outcome: 'DENY_TLS_EXPIRED', probe: MTLS, code: 'MP1101' },
  { outcome: 'DENY_TLS_VERSION', probe: TLS, code: 'MP1108' },
  { outcome: 'PROTO_MISMATCH', when: 'TLS meets a plaintext port', probe: TLS, code: 'MP1021' },
  { outcome: 'PROTO_MISMATCH', when: 'other bytes meet HTTP', probe: { kind: 'tcp' }, code: 'MP1305' },
  {
    outcome: 'DENY_AUTHZ_HTTP',
    identity: 'spiffe://td/ns/a/sa/b',
    trail: [authorization('no-allow-matched')],
    code: 'MP1201',
  },
  {
    outcome: 'DENY_AUTHZ_HTTP',
    when: 'plaintext proves no identity',
    trail: [authorization('no-allow-matched')],
    code: 'MP1202',
  },
  { outcome: 'DENY_AUTHZ_HTTP', when: 'a rule denies plaintext', trail: [authorization()], code: 'MP1201' },
  { outcome: 'DENY_AUTHZ_TCP', identity: 'spiffe://td/ns/a/sa/b', trail: [authorization()], code: 'MP1203' },
  {
    outcome: 'DENY_AUTHZ_TCP',
    when: 'a DENY on HTTP fields',
    trail: [authorization('http-fields-on-tcp')],
    code: 'MP1207',
  },
  { outcome: 'DENY_AUTHZ_HBONE', code: 'MP1204' },
  { outcome: 'DENY_JWT', code: 'MP1212' },
  { outcome: 'DENY_EXTAUTHZ', code: 'MP1213' },
  {
    outcome: 'CLIENT_TLS_MISMATCH',
    when: 'the caller does its own TLS',
    trail: [client('mtls', 'raw-tls')],
    code: 'MP1021',
  },
  {
    outcome: 'CLIENT_TLS_MISMATCH',
    when: 'the host is not visible',
    trail: [client('plaintext', 'passthrough-cluster')],
    code: 'MP1302',
  },
  {
    outcome: 'CLIENT_TLS_MISMATCH',
    when: 'a headless Service has no choice',
    trail: [client('mtls', 'auto-mtls-without-choice')],
    code: 'MP1012',
  },
  { outcome: 'CLIENT_BLACKHOLE', code: 'MP1302' },
  { outcome: 'NO_ENDPOINTS', code: 'MP1303' },
  { outcome: 'NO_ROUTE', code: 'MP1301' },
  { outcome: 'APP_DOWN', code: 'MP1304' },
  { outcome: 'DENY_NETPOL', code: 'MP1307' },
  { outcome: 'HANG', code: 'MP1306' },
  { outcome: 'HEALTH_FAILED', when: 'not rewritten', trail: [health('not-rewritten')], probe: KUBELET, code: 'MP1401' },
  {
    outcome: 'HEALTH_FAILED',
    when: 'not registered',
    trail: [health('not-registered')],
    probe: KUBELET,
    code: 'MP1402',
  },
  {
    outcome: 'HEALTH_FAILED',
    when: 'a policy denies it',
    trail: [health('not-rewritten')],
    decidedBy: CALLERS,
    probe: KUBELET,
    code: 'MP1405',
  },
];

for (const { outcome, when, trail = [], identity = null, decidedBy = STRICT, probe = HTTP, code } of ROWS) {
  t.test(`${outcome}${when === undefined ? '' : `, ${when}`}: ${code}`, (t) => {
    const stage = decidedBy.kind === 'PeerAuthentication' ? 'peer-authentication' : 'authorization';
    t.equal(causeFor({ outcome, trail, identity, decidedBy: { stage, ...decidedBy } }, { probe }).code, code);
    t.end();
  });
}

t.test('the classic case names the caller without sidecar and the object that says STRICT', (t) => {
  const cause = causeFor({}, { source: 'legacy/batch', plane: 'naked' });
  t.equal(
    cause.message,
    'legacy/batch → shop/pay:8080 is refused: PeerAuthentication shop/default (spec.mtls.mode) says STRICT, and legacy/batch has no sidecar.',
  );
  t.same(cause.objects, [STRICT]);
  t.end();
});

t.test('a call to a pod’s own address through a sidecar is MP1012', (t) => {
  const trail = [client('plaintext', 'passthrough-cluster')];
  t.equal(causeFor({ outcome: 'CLIENT_TLS_MISMATCH', trail }, { target: PAY_POD }).code, 'MP1012');
  t.end();
});

t.test('several policies that decide together are all named', (t) => {
  const other = { ...CALLERS, name: 'more-callers' };
  const decidedBy = { stage: 'authorization', objects: [CALLERS, other] } as const;
  const cause = causeFor({ outcome: 'DENY_AUTHZ_HTTP', identity: 'spiffe://td/ns/a/sa/b', decidedBy, trail: [] });
  t.same(cause.objects, [CALLERS, other]);
  t.match(cause.message, 'AuthorizationPolicy shop/pay-callers and AuthorizationPolicy shop/more-callers');
  t.end();
});

t.test('the rule of the client is named beside the policy of the server', (t) => {
  const trail: TrailStep[] = [{ ...client('plaintext', 'destination-rule'), object: RULE }];
  t.same(causeFor({ outcome: 'CLIENT_TLS_MISMATCH', trail }).objects, [STRICT, RULE]);
  t.end();
});

t.test('an ALLOW on HTTP fields of which nothing is left at a TCP port is MP1206', (t) => {
  const decidedBy = { stage: 'authorization', ...CALLERS, objects: [CALLERS] } as const;
  const cause = causeFor({ outcome: 'DENY_AUTHZ_TCP', decidedBy, trail: [authorization('http-fields-on-tcp')] });
  t.equal(cause.code, 'MP1206');
  t.end();
});
