import t from 'tap';
import { isEnrolledInAmbient, isInjected } from '../../../../controller/declared/injection.ts';
import { readMeshConfig } from '../../../../controller/declared/mesh-config.ts';

const config = readMeshConfig([]);
const on = { 'istio-injection': 'enabled' };
const off = { 'istio-injection': 'disabled' };
const revision = { 'istio.io/rev': 'a' };
const yes = { 'sidecar.istio.io/inject': 'true' };
const no = { 'sidecar.istio.io/inject': 'false' };

type Labels = Readonly<Record<string, string>>;
const ROWS: readonly (readonly [
  why: string,
  namespace: Labels,
  pod: Labels,
  annotations: Labels,
  injected: boolean,
])[] = [
  ['nobody asks for it', {}, {}, {}, false],
  ['the namespace asks', on, {}, {}, true],
  ['the pod declines', on, no, {}, false],
  ['the pod declines by annotation', on, {}, no, false],
  ['the label beats the annotation', on, yes, no, true],
  ['the namespace declines, and the pod cannot ask', off, yes, {}, false],
  ['the pod asks in a silent namespace', {}, yes, {}, true],
  ['an annotation alone reaches no webhook', {}, {}, yes, false],
  ['the namespace names a revision', revision, {}, {}, true],
  ['the pod declines that', revision, no, {}, false],
  ['the pod names a revision', {}, { 'istio.io/rev': 'b' }, {}, true],
  ['the pod names one and declines', {}, { 'istio.io/rev': 'b', ...no }, {}, false],
  ['the older label of the namespace beats its revision', { ...off, ...revision }, {}, {}, false],
];

t.test('who gets a sidecar', (t) => {
  for (const [why, namespaceLabels, labels, annotations, expected] of ROWS) {
    const candidate = { namespace: 'n', namespaceLabels, labels, annotations, isHostNetwork: false };
    t.equal(isInjected(candidate, config), expected, why);
    t.equal(isInjected({ ...candidate, isHostNetwork: true }, config), false, `${why}: never on the host network`);
  }
  const system = { namespace: 'kube-system', namespaceLabels: on, labels: {}, annotations: {}, isHostNetwork: false };
  t.equal(isInjected(system, config), false, 'never in the namespaces of the system');
  t.end();
});

t.test('who is in ambient mode', (t) => {
  const ambient = { 'istio.io/dataplane-mode': 'ambient' };
  const none = { 'istio.io/dataplane-mode': 'none' };
  const rows: readonly (readonly [string, Labels, Labels, Labels, boolean])[] = [
    ['the namespace', ambient, {}, {}, true],
    ['a pod that declines', ambient, none, {}, false],
    ['a pod by itself', {}, ambient, {}, true],
    ['nobody else', {}, {}, {}, false],
    ['no pod with a sidecar', ambient, {}, { 'sidecar.istio.io/status': '{}' }, false],
  ];
  for (const [why, namespaceLabels, labels, annotations, expected] of rows) {
    const candidate = { namespace: 'n', namespaceLabels, labels, annotations, isHostNetwork: false };
    t.equal(isEnrolledInAmbient(candidate), expected, why);
  }
  t.end();
});
