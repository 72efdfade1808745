import t from 'tap';
import type { Expectation, ObjectRef, TrailStep } from '../../../../controller/declared/expectation.ts';
import type { LintFinding } from '../../../../controller/declared/lint.ts';
import { mergeDrafts } from '../../../../controller/judge/conflict-draft.ts';
import { healthConflicts } from '../../../../controller/judge/conflicts-health.ts';
import { lintConflicts } from '../../../../controller/judge/conflicts-lint.ts';
import { protectionConflicts } from '../../../../controller/judge/conflicts-protection.ts';
import { routeConflicts } from '../../../../controller/judge/conflicts-route.ts';
import type { Cell, Conflict, Drift } from '../../../../controller/judge/finding.ts';
import type { HealthProbe, Target } from '../../../../proto/vocabulary.ts';
import { PAY_POD, STRICT, SHOP, allow, cell, deny, meshOf, plain, reached, refused, strictStep } from './cells.ts';
import type { CellDraft } from './cells.ts';

const judged = (draft: CellDraft, drift: Drift = 'agrees'): Cell => ({
  ...cell(draft),
  drift,
  isFlapping: false,
  cause: null,
});
const summary = (conflicts: readonly Conflict[]): readonly string[] =>
  conflicts.map(
    ({ severity, cause, cells, isConfirmed }) =>
      `${severity} ${cause.code} ${String(cells.length)}${isConfirmed ? '' : ' unconfirmed'}`,
  );

const rule = (name: string): ObjectRef => ({ kind: 'DestinationRule', namespace: 'web', name });
const clientSends = (result: string, by: string, object?: ObjectRef): TrailStep => ({
  stage: 'client',
  result,
  by,
  ...(object !== undefined && { object }),
});
const capture = (result: string, by?: string): TrailStep => ({
  stage: 'capture',
  result,
  ...(by !== undefined && { by }),
});
const mismatch = (trail: readonly TrailStep[]): Expectation => deny({ outcome: 'CLIENT_TLS_MISMATCH', trail });
const RESET = refused('application', 'upstream-reset', { status: 503 });
const VIA: Target = {
  kind: 'service',
  namespace: 'shop',
  name: 'pay',
  port: 8080,
  via: { namespace: 'edge', name: 'gateway', port: 80, host: 'shop.example' },
};

for (const { says, draft, expected } of [
  {
    says: 'a rule that switches mutual TLS off towards STRICT',
    draft: {
      expectation: mismatch([
        clientSends('plaintext', 'destination-rule', rule('off')),
        capture('captured'),
        strictStep,
      ]),
    },
    expected: ['error MP1002 1'],
  },
  {
    says: 'a rule that asks a server without sidecar for mutual TLS',
    draft: {
      expectation: mismatch([clientSends('mtls', 'destination-rule', rule('on')), capture('absent', 'not-injected')]),
    },
    expected: ['error MP1003 1'],
  },
  {
    says: 'mutual TLS to a port that is excluded from capture',
    draft: { expectation: mismatch([clientSends('mtls', 'auto-mtls'), capture('bypassed', 'excludeInboundPorts')]) },
    expected: ['error MP1010 1'],
  },
  {
    says: 'mutual TLS to a workload that is DISABLE',
    draft: {
      expectation: mismatch([
        clientSends('mtls', 'destination-rule', rule('on')),
        capture('captured'),
        { stage: 'peer-authentication', result: 'DISABLE', by: 'workload', object: STRICT },
      ]),
    },
    expected: ['error MP1004 1'],
  },
  {
    says: 'clients that infer plaintext from the namespace, and a workload that is STRICT',
    draft: { expectation: mismatch([clientSends('plaintext', 'namespace-disable'), capture('captured'), strictStep]) },
    expected: ['error MP1022 1'],
  },
  {
    says: "a gateway's plaintext hop into STRICT",
    draft: {
      source: 'meshproof/prober',
      plane: 'naked',
      target: VIA,
      expectation: mismatch([
        clientSends('plaintext', 'destination-rule', rule('hop')),
        capture('captured'),
        strictStep,
      ]),
    },
    expected: ['error MP1015 1'],
  },
  {
    says: "a prober's own TLS that meets plaintext is no conflict",
    draft: {
      source: 'meshproof/prober',
      plane: 'naked',
      expectation: mismatch([clientSends('mtls', 'raw-tls'), capture('absent', 'not-injected')]),
    },
    expected: [],
  },
  {
    says: 'a route that authorization forbids anyway is nobody’s purpose',
    draft: {
      expectation: mismatch([
        clientSends('plaintext', 'destination-rule', rule('off')),
        strictStep,
        { stage: 'authorization', result: 'deny', isInEffect: false },
      ]),
    },
    expected: [],
  },
  {
    says: 'a caller without sidecar that STRICT refuses is no conflict',
    draft: { source: 'legacy/batch', plane: 'naked', expectation: deny() },
    expected: [],
  },
  {
    says: 'HTTP rules at a TCP port that deny everything',
    draft: {
      expectation: deny({
        outcome: 'DENY_AUTHZ_TCP',
        decidedBy: {
          stage: 'authorization',
          objects: [{ kind: 'AuthorizationPolicy', namespace: 'shop', name: 'paths' }],
        },
        trail: [
          {
            stage: 'authorization',
            result: 'deny',
            by: 'http-fields-on-tcp',
            object: { kind: 'AuthorizationPolicy', namespace: 'shop', name: 'paths' },
          },
        ],
      }),
    },
    expected: ['error MP1206 1'],
  },
] as const satisfies readonly { says: string; draft: Omit<CellDraft, 'outcome'>; expected: readonly string[] }[]) {
  t.test(`routes: ${says}`, (t) => {
    t.same(summary(mergeDrafts(routeConflicts([judged({ ...draft, outcome: RESET })]))), expected);
    t.end();
  });
}

t.test('one rule that breaks many routes is one conflict with all its cells, and names both sides and the fix', (t) => {
  const expectation = mismatch([
    clientSends('plaintext', 'destination-rule', rule('off')),
    capture('captured'),
    strictStep,
  ]);
  const cells = ['web/front', 'web/back'].map((source) => judged({ source, expectation, outcome: RESET }));
  const [conflict, ...others] = mergeDrafts(routeConflicts(cells));
  t.same(others, []);
  t.same(conflict?.cells, cells.map(({ key }) => key).sort());
  t.equal(
    conflict?.cause.message,
    'web/back → shop/pay:8080 cannot work: PeerAuthentication shop/default (spec.mtls.mode) says STRICT, and web/back sends plaintext (DestinationRule web/off).',
  );
  t.same(conflict?.cause.objects, [STRICT, rule('off')]);
  t.match(conflict?.cause.fix, /DestinationRule web\/off/);
  t.end();
});

t.test('a conflict that the wire does not show is not confirmed', (t) => {
  const expectation = mismatch([clientSends('plaintext', 'destination-rule', rule('off')), strictStep]);
  t.same(summary(mergeDrafts(routeConflicts([judged({ expectation, outcome: reached() }, 'exposed')]))), [
    'error MP1002 1 unconfirmed',
  ]);
  t.end();
});

t.test('mixed endpoints are one conflict of the Service, whoever calls', (t) => {
  const endpoints = [
    {
      pod: 'shop/pay-1',
      expect: 'allow',
      outcome: 'ALLOW_MTLS',
      transport: 'mtls',
      identity: null,
      decidedBy: null,
      trail: [],
    },
    {
      pod: 'shop/pay-2',
      expect: 'deny',
      outcome: 'CLIENT_TLS_MISMATCH',
      transport: 'none',
      identity: null,
      decidedBy: null,
      trail: [clientSends('mtls', 'destination-rule', rule('on'))],
    },
  ] as const;
  const expectation = allow({ expect: 'mixed', endpoints });
  const cells = ['web/front', 'shop/cart'].map((source) => judged({ source, expectation, outcome: reached() }));
  const [conflict, ...others] = mergeDrafts(routeConflicts(cells));
  t.same(others, []);
  t.equal(conflict?.cause.code, 'MP1009');
  t.equal(conflict?.cells.length, 2);
  t.match(conflict?.cause.message, /of 2 endpoints, shop\/pay-2 cannot be reached/);
  t.same(conflict?.cause.objects, [rule('on')]);
  t.end();
});

const unused = (by: string): TrailStep => ({ ...strictStep, by, isInEffect: false });
const slipping = (object: ObjectRef): TrailStep => ({ stage: 'authorization', result: 'slipped', object });
const policy: ObjectRef = {
  kind: 'AuthorizationPolicy',
  namespace: 'shop',
  name: 'deny-legacy',
  path: 'spec.rules[0]',
};

for (const { says, trail, expected } of [
  {
    says: 'an excluded port',
    trail: [capture('bypassed', 'excludeInboundPorts'), unused('namespace')],
    expected: ['critical MP1010 1'],
  },
  {
    says: 'no interception at all',
    trail: [capture('bypassed', 'interceptionMode'), unused('namespace')],
    expected: ['critical MP1010 1'],
  },
  {
    says: 'a missing sidecar in the namespace of the policy',
    trail: [capture('absent', 'not-injected'), unused('namespace')],
    expected: ['critical MP1008 1'],
  },
  {
    says: 'an older duplicate is a matter of the objects, not of one flow',
    trail: [capture('captured'), unused('older-duplicate')],
    expected: [],
  },
  {
    says: 'a port level keyed by the service port',
    trail: [capture('captured'), unused('service-port-key')],
    expected: ['critical MP1006 1'],
  },
  {
    says: 'a rule on namespaces that plaintext slips past',
    trail: [capture('captured'), slipping(policy)],
    expected: ['critical MP1202 1'],
  },
  {
    says: "the sidecar's own status port is meant to be open",
    trail: [capture('bypassed', 'reserved-port'), unused('namespace')],
    expected: [],
  },
  {
    says: 'the kubelet of the same node is meant to pass',
    trail: [capture('bypassed', 'same-node'), unused('namespace')],
    expected: [],
  },
  {
    says: 'PERMISSIVE that is in force is no conflict',
    trail: [capture('captured'), { stage: 'peer-authentication', result: 'PERMISSIVE' }],
    expected: [],
  },
] as const satisfies readonly { says: string; trail: readonly TrailStep[]; expected: readonly string[] }[]) {
  t.test(`protection: ${says}`, (t) => {
    const open = judged({
      source: 'legacy/batch',
      plane: 'naked',
      target: PAY_POD,
      expectation: plain({ trail }),
      outcome: reached(),
    });
    t.same(summary(mergeDrafts(protectionConflicts(SHOP, [open]))), expected);
    t.end();
  });
}

t.test(
  'a mesh-wide STRICT over a workload that was never in the mesh is no conflict, over a half-meshed Service it is',
  (t) => {
    const meshWide = { ...STRICT, namespace: 'istio-system' };
    const trail = [capture('absent', 'not-injected'), { ...unused('mesh'), object: meshWide }];
    const open = judged({
      source: 'legacy/batch',
      plane: 'naked',
      target: PAY_POD,
      expectation: plain({ trail }),
      outcome: reached(),
    });
    const naked = { key: 'shop/pay', dataPlane: 'naked' } as const;
    const alone = meshOf([naked], { 'shop/pay:8080': ['shop/pay'] });
    const half = meshOf([naked, { key: 'shop/pay-2' }], { 'shop/pay:8080': ['shop/pay', 'shop/pay-2'] });
    t.same(summary(mergeDrafts(protectionConflicts(alone, [open]))), []);
    t.same(summary(mergeDrafts(protectionConflicts(half, [open]))), ['critical MP1008 1']);
    t.end();
  },
);

t.test('the message says what is open, what was declared, and why it does not hold', (t) => {
  const trail = [capture('bypassed', 'excludeInboundPorts'), unused('namespace')];
  const open = judged({
    source: 'legacy/batch',
    plane: 'naked',
    target: PAY_POD,
    expectation: plain({ trail }),
    outcome: reached(),
  });
  t.equal(
    mergeDrafts(protectionConflicts(SHOP, [open]))[0]?.cause.message,
    'legacy/batch → pod:shop/pay:8080 is open to plaintext although PeerAuthentication shop/default (spec.mtls.mode) says STRICT: the pod excludes the port from capture (excludeInboundPorts).',
  );
  t.end();
});

const check = (variant: HealthProbe['variant'], kind: 'httpGet' | 'tcpSocket'): HealthProbe => ({
  kind: 'health',
  container: 'app',
  check: 'liveness',
  variant,
  action: kind === 'tcpSocket' ? { kind } : { kind, path: '/', scheme: 'HTTP', headers: [] },
});
const kubelet = { source: 'meshproof/kubelet', plane: 'host', target: PAY_POD, table: 'health' } as const;

for (const { says, draft, expected } of [
  {
    says: 'an HTTP check that STRICT refuses must fail',
    draft: {
      ...kubelet,
      probe: check('kubelet', 'httpGet'),
      expectation: deny(),
      outcome: refused('application', 'reset'),
    },
    expected: ['error MP1401 1'],
  },
  {
    says: 'a rewritten check that is not registered must fail',
    draft: {
      ...kubelet,
      probe: check('kubelet', 'httpGet'),
      expectation: deny({ outcome: 'HEALTH_FAILED', trail: [{ stage: 'health', result: 'not-registered' }] }),
      outcome: refused('application', 'health-failed'),
    },
    expected: ['error MP1402 1'],
  },
  {
    says: 'the original check, sent past the rewriting, is nobody’s check',
    draft: {
      ...kubelet,
      probe: check('original', 'httpGet'),
      expectation: deny(),
      outcome: refused('application', 'reset'),
    },
    expected: [],
  },
  {
    says: 'a TCP check through a sidecar proves nothing',
    draft: {
      ...kubelet,
      probe: check('kubelet', 'tcpSocket'),
      expectation: plain({ trail: [{ stage: 'health', result: 'proves-nothing' }] }),
      outcome: reached(),
    },
    expected: ['warning MP1404 1'],
  },
  {
    says: 'a rewritten check that passes is no conflict',
    draft: {
      ...kubelet,
      probe: check('kubelet', 'httpGet'),
      expectation: plain({ trail: [{ stage: 'health', result: 'rewritten' }] }),
      outcome: reached(),
    },
    expected: [],
  },
] as const satisfies readonly { says: string; draft: CellDraft; expected: readonly string[] }[]) {
  t.test(`health: ${says}`, (t) => {
    t.same(summary(mergeDrafts(healthConflicts(SHOP, [judged(draft)]))), expected);
    t.end();
  });
}

const lintFinding = (more: Partial<LintFinding>): LintFinding => ({
  reason: 'younger-duplicate',
  object: STRICT,
  message: 'PeerAuthentication shop/default has no effect.',
  isStricter: false,
  pods: ['shop/pay'],
  ...more,
});

for (const { says, finding, expected } of [
  { says: 'a younger duplicate that wants less', finding: {}, expected: ['warning MP1018 0 unconfirmed'] },
  { says: 'a younger duplicate that wants more', finding: { isStricter: true }, expected: ['critical MP1005 1'] },
  {
    says: 'a selector that matches nothing',
    finding: { reason: 'selects-nothing', pods: [] },
    expected: ['warning MP1018 0 unconfirmed'],
  },
  {
    says: 'an AuthorizationPolicy that matches nothing',
    finding: { reason: 'selects-nothing', pods: [], object: policy },
    expected: ['warning MP1210 0 unconfirmed'],
  },
  {
    says: 'a host that is no service',
    finding: { reason: 'host-resolves-to-nothing', object: rule('x') },
    expected: ['warning MP1019 0 unconfirmed'],
  },
] as const satisfies readonly { says: string; finding: Partial<LintFinding>; expected: readonly string[] }[]) {
  t.test(`objects: ${says}`, (t) => {
    const open = judged({ source: 'legacy/batch', plane: 'naked', expectation: plain(), outcome: reached() });
    t.same(summary(mergeDrafts(lintConflicts(SHOP, [open], [lintFinding(finding)]))), expected);
    t.end();
  });
}

t.test('an object that both its own look and a cell’s trail show is one conflict', (t) => {
  const trail = [capture('captured'), unused('service-port-key')];
  const open = judged({ source: 'legacy/batch', plane: 'naked', expectation: plain({ trail }), outcome: reached() });
  const drafts = [
    ...protectionConflicts(SHOP, [open]),
    ...lintConflicts(SHOP, [open], [lintFinding({ reason: 'service-port-key', isStricter: true })]),
  ];
  t.same(summary(mergeDrafts(drafts)), ['critical MP1006 1']);
  t.end();
});

t.test('conflicts come worst first, whatever order they were found in', (t) => {
  const health = judged({
    ...kubelet,
    probe: check('kubelet', 'httpGet'),
    expectation: deny(),
    outcome: refused('application', 'reset'),
  });
  const open = judged({
    source: 'legacy/batch',
    plane: 'naked',
    expectation: plain({ trail: [slipping(policy)] }),
    outcome: reached(),
  });
  const drafts = [
    ...lintConflicts(SHOP, [], [lintFinding({})]),
    ...healthConflicts(SHOP, [health]),
    ...protectionConflicts(SHOP, [open]),
  ];
  const expected = ['critical MP1202 1', 'error MP1401 1', 'warning MP1018 0 unconfirmed'];
  t.same(summary(mergeDrafts(drafts)), expected);
  t.same(summary(mergeDrafts(drafts.toReversed())), expected);
  t.end();
});

t.test('a policy that lost against an older one is shown by a route, and the fix names the winner', (t) => {
  const open = judged({ source: 'legacy/batch', plane: 'naked', expectation: plain(), outcome: reached() });
  const older = { ...STRICT, name: 'older' };
  const [conflict] = mergeDrafts(lintConflicts(SHOP, [open], [lintFinding({ isStricter: true, inForce: older })]));
  t.equal(
    conflict?.cause.message,
    'legacy/batch → shop/pay:8080 is open to plaintext. PeerAuthentication shop/default has no effect.',
  );
  t.equal(
    conflict?.cause.fix,
    'Delete PeerAuthentication shop/older, or let it say what PeerAuthentication shop/default says.',
  );
  t.end();
});
