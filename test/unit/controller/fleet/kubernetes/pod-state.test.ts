import t from 'tap';
import { podStateOf } from '../../../../../controller/fleet/kubernetes/pod-state.ts';
import type { PodState } from '../../../../../controller/fleet/kubernetes/pod-state.ts';

type Json = Readonly<Record<string, unknown>>;

const JOB: Json = { status: {} };
const FAILED: Json = { status: { conditions: [{ type: 'Failed', status: 'True', reason: 'DeadlineExceeded' }] } };

function pod(status: Json): Json {
  return { metadata: { name: 'p' }, status };
}

function container(state: Json): Json {
  return pod({
    containerStatuses: [
      { name: 'shipper', state: { running: {} } },
      { name: 'meshproof', state },
    ],
  });
}

const waits = (why: string, isHopeless = false): PodState => ({ kind: 'waiting', why, isHopeless });
const warning = (lastTimestamp: string, message: string): Json => ({
  type: 'Warning',
  reason: 'R',
  message,
  lastTimestamp,
});

const CASES: readonly (readonly [
  what: string,
  job: Json | undefined,
  pods: readonly Json[],
  events: readonly Json[],
  PodState,
])[] = [
  ['no Job', undefined, [container({ running: {} })], [], { kind: 'gone', why: 'the Job has been deleted' }],
  ['a Job without pod', JOB, [], [], waits('the Job has no pod yet')],
  ['a Job that failed before it had one', FAILED, [], [], { kind: 'gone', why: 'DeadlineExceeded' }],
  ['what keeps the Job from making one', JOB, [], [warning('1', 'quota')], waits('R: quota')],
  ['the latest of warnings', JOB, [], [warning('2', 'new'), warning('1', 'old')], waits('R: new')],
  ['a running container', JOB, [container({ running: {} })], [], { kind: 'running', pod: 'p' }],
  ['no word of a container yet', JOB, [pod({ phase: 'Pending' })], [], waits('its container is being created')],
  [
    'an image that is pulled in vain',
    JOB,
    [container({ waiting: { reason: 'ImagePullBackOff', message: 'Back-off' } })],
    [],
    waits('ImagePullBackOff: Back-off'),
  ],
  [
    'an image name that is none',
    JOB,
    [container({ waiting: { reason: 'InvalidImageName' } })],
    [],
    waits('InvalidImageName', true),
  ],
  [
    'a volume that cannot be mounted, of which only an event tells',
    JOB,
    [container({ waiting: { reason: 'ContainerCreating' } })],
    [warning('1', 'no such ConfigMap')],
    waits('R: no such ConfigMap'),
  ],
  [
    'no node',
    JOB,
    [pod({ conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'full' }] })],
    [],
    waits('Unschedulable: full'),
  ],
  [
    'an end',
    JOB,
    [container({ terminated: { reason: 'OOMKilled', exitCode: 137 } })],
    [],
    { kind: 'ended', pod: 'p', why: 'OOMKilled (exit status 137)' },
  ],
  [
    'an end by the deadline of the Job',
    FAILED,
    [container({ terminated: { reason: 'Error', exitCode: 143 } })],
    [],
    { kind: 'ended', pod: 'p', why: 'DeadlineExceeded' },
  ],
  [
    'an eviction before it ran',
    JOB,
    [pod({ phase: 'Failed', reason: 'Evicted', message: 'disk' })],
    [],
    { kind: 'gone', why: 'Evicted: disk' },
  ],
];

for (const [what, job, pods, events, expected] of CASES) {
  t.test(what, (t) => {
    t.same(podStateOf(job, pods, events, 'meshproof'), expected);
    t.end();
  });
}
