import t from 'tap';
import { runScenarios } from './run-scenarios.ts';
import { pa, SIDECAR, STRICT, service, workload } from './small-mesh.ts';

const TARGET = workload({ labels: SIDECAR });
const AT_ADDRESS = {
  objects: pa('istio-system/default', STRICT),
  service: service('t', 'foo', 'clusterIP: 10.96.0.7'),
};
const IN = 'traffic.sidecar.istio.io/includeOutboundIPRanges';
const OUT = 'traffic.sidecar.istio.io/excludeOutboundIPRanges';

/** A meshed caller whose proxy is told which addresses are its business. */
const caller = (annotations: Readonly<Record<string, string>>): string =>
  workload({ name: 'c', namespace: 'bar', labels: SIDECAR, annotations });

t.test('calls past the proxy of the caller, by their address', (t) => {
  const rows = {
    captured: [['bar/c http t:80', 'ALLOW_MTLS', 'PeerAuthentication istio-system/default']],
    past: [['bar/c http t:80', 'DENY_STRICT', 'PeerAuthentication istio-system/default']],
  } as const;
  const cases: readonly (readonly [name: string, annotations: Readonly<Record<string, string>>, keyof typeof rows])[] =
    [
      ['nothing said: captured', {}, 'captured'],
      ['another range excluded: captured', { [OUT]: '10.97.0.0/16' }, 'captured'],
      ['its range excluded: past', { [OUT]: '10.97.0.0/16, 10.96.0.0/16' }, 'past'],
      ['its very address excluded: past', { [OUT]: '10.96.0.7/32' }, 'past'],
      ['everything included: captured', { [IN]: '*' }, 'captured'],
      ['its range included: captured', { [IN]: '10.96.0.0/16' }, 'captured'],
      ['another range included: past', { [IN]: '10.97.0.0/16' }, 'past'],
      ['included and excluded: past', { [IN]: '10.96.0.0/16', [OUT]: '10.96.0.7/32' }, 'past'],
      ['no range included: past', { [IN]: '' }, 'past'],
    ];
  runScenarios(
    t,
    cases.map(([name, annotations, way]) => ({
      name,
      mesh: { ...AT_ADDRESS, target: TARGET + caller(annotations) },
      rows: rows[way],
    })),
  );
  t.end();
});
