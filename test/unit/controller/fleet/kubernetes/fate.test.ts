import t from 'tap';
import type { Fields } from '../../../../../controller/declared/reading.ts';
import { fateOfJob, fateOfPod, misplacement } from '../../../../../controller/fleet/kubernetes/fate.ts';
import type { Fate } from '../../../../../controller/fleet/kubernetes/fate.ts';
import type { DataPlane } from '../../../../../proto/vocabulary.ts';

const RUNNING = { name: 'agent', state: { running: {} } };

function waiting(reason: string, message: string, name = 'agent'): Fields {
  return { name, state: { waiting: { reason, message } } };
}

function terminated(exitCode: number, more: Fields = {}, name = 'agent'): Fields {
  return { name, state: { terminated: { exitCode, ...more } } };
}

function pod(status: Fields, metadata: Fields = {}): Fields {
  return { metadata, spec: { containers: [{ name: 'agent' }] }, status };
}

function event(reason: string, message: string, lastTimestamp = '2026-01-01T00:00:00Z'): Fields {
  return { reason, message, lastTimestamp };
}

t.test('what becomes of a pod, in the words of the cluster', (t) => {
  const unscheduled = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' };
  const disrupted = { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', message: 'preempted' };
  const cases: readonly (readonly [what: string, status: Fields, warnings: readonly Fields[], fate: Fate])[] = [
    ['nothing yet', { phase: 'Pending' }, [], { kind: 'starting' }],
    ['its container runs', { phase: 'Running', containerStatuses: [RUNNING] }, [], { kind: 'running' }],
    [
      'it runs, with a warning from its start',
      { phase: 'Running', containerStatuses: [RUNNING] },
      [event('Unhealthy', 'Startup probe failed')],
      { kind: 'running' },
    ],
    [
      'no node',
      { phase: 'Pending', conditions: [unscheduled] },
      [],
      { kind: 'stuck', why: 'its pod finds no node: Unschedulable: 0/1 nodes', graceMs: 3000 },
    ],
    [
      'no image',
      { phase: 'Pending', containerStatuses: [waiting('ErrImageNeverPull', 'not present')] },
      [],
      {
        kind: 'stuck',
        why: 'container agent of its pod does not start: ErrImageNeverPull: not present',
        graceMs: 0,
      },
    ],
    [
      'a sidecar that falls again and again',
      { phase: 'Pending', initContainerStatuses: [waiting('CrashLoopBackOff', 'back-off 10s', 'istio-proxy')] },
      [],
      {
        kind: 'stuck',
        why: 'container istio-proxy of its pod does not start: CrashLoopBackOff: back-off 10s',
        graceMs: 0,
      },
    ],
    [
      'a container that is only being made',
      { phase: 'Pending', containerStatuses: [waiting('ContainerCreating', '')] },
      [],
      { kind: 'starting' },
    ],
    [
      'no volume: the latest warning counts',
      { phase: 'Pending', containerStatuses: [waiting('ContainerCreating', '')] },
      [event('FailedMount', 'late', '2026-01-01T00:00:09Z'), event('FailedMount', 'early')],
      { kind: 'stuck', why: 'its pod does not start: FailedMount: late', graceMs: 8000 },
    ],
    [
      'a sidecar that takes its time',
      { phase: 'Pending' },
      [event('Unhealthy', 'Startup probe failed')],
      { kind: 'stuck', why: 'its pod does not start: Unhealthy: Startup probe failed', graceMs: 20_000 },
    ],
    [
      'the agent failed',
      { phase: 'Failed', containerStatuses: [terminated(64, { reason: 'Error', message: 'first\nlast line\n' })] },
      [],
      { kind: 'ended', why: 'the agent ended with status 64: last line' },
    ],
    [
      'the agent was killed for its memory, beside a sidecar that goes on',
      { phase: 'Running', containerStatuses: [terminated(137, { reason: 'OOMKilled' })] },
      [],
      { kind: 'ended', why: 'the agent ended with status 137 (OOMKilled)' },
    ],
    [
      'an init container failed',
      { phase: 'Failed', initContainerStatuses: [terminated(1, { message: 'no iptables' }, 'istio-init')] },
      [],
      { kind: 'ended', why: 'container istio-init of its pod ended with status 1: no iptables' },
    ],
    [
      'evicted',
      { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' },
      [],
      { kind: 'ended', why: 'its pod was ended: Evicted: The node was low on resource: memory.' },
    ],
    [
      'preempted',
      { phase: 'Failed', conditions: [disrupted], containerStatuses: [terminated(143)] },
      [],
      { kind: 'ended', why: 'its pod was ended: PreemptionByScheduler: preempted' },
    ],
    [
      'it ended in good order',
      { phase: 'Succeeded', containerStatuses: [terminated(0, { reason: 'Completed' })] },
      [],
      { kind: 'ended', why: 'the agent ended with status 0' },
    ],
  ];
  for (const [what, status, warnings, fate] of cases)
    t.strictSame(fateOfPod(pod(status), warnings, 'naked'), fate, what);
  const deleted = pod(
    { phase: 'Running', containerStatuses: [RUNNING] },
    { deletionTimestamp: '2026-01-01T00:00:00Z' },
  );
  t.strictSame(fateOfPod(deleted, [], 'naked'), { kind: 'ended', why: 'its pod was deleted' });
  t.end();
});

t.test('a Job whose pod nobody admits says why', (t) => {
  const why = 'its pod is not admitted: FailedCreate: Error creating: pods "x" is forbidden: exceeded quota: q';
  const quota = event('FailedCreate', 'Error creating: pods "x" is forbidden: exceeded quota: q');
  t.strictSame(fateOfJob([quota]), { kind: 'stuck', why, graceMs: 0 });
  const noPod = { kind: 'stuck', why: 'its Job has no pod', graceMs: 60_000 };
  t.strictSame(fateOfJob([event('Other', 'of no concern')]), noPod);
  t.strictSame(fateOfJob([]), noPod);
  t.end();
});

t.test('a pod that runs on another plane than it was made for is told by its real containers', (t) => {
  const bare = { spec: { containers: [{ name: 'agent' }] } };
  const classic = { spec: { containers: [{ name: 'agent' }, { name: 'istio-proxy' }] } };
  const native = { spec: { containers: [{ name: 'agent' }], initContainers: [{ name: 'istio-proxy' }] } };
  const ambient = { ...bare, metadata: { annotations: { 'ambient.istio.io/redirection': 'enabled' } } };
  const cases: readonly (readonly [pod: Fields, plane: DataPlane, isMisplaced: boolean])[] = [
    [bare, 'naked', false],
    [bare, 'sidecar', true],
    [bare, 'host', false],
    [classic, 'sidecar', false],
    [classic, 'naked', true],
    [classic, 'ambient', true],
    [native, 'sidecar', false],
    [native, 'naked', true],
    [ambient, 'naked', true],
    [ambient, 'ambient', false],
  ];
  for (const [given, plane, isMisplaced] of cases) {
    t.equal(misplacement(given, plane) !== undefined, isMisplaced, `${JSON.stringify(given)} as ${plane}`);
  }
  t.match(fateOfPod({ ...classic, status: { phase: 'Pending' } }, [], 'naked'), { kind: 'misplaced', why: /sidecar/ });
  t.end();
});
