import { EventEmitter, once } from 'node:events';
import t from 'tap';
import type { Test } from 'tap';
import { runSweepJob } from '../../../../controller/cli/cluster-job.ts';
import type { JobEvent } from '../../../../controller/cli/cluster-job.ts';
import { FrameWriter } from '../../../../controller/cli/frames.ts';
import { SweepJobs } from '../../../../controller/fleet/kubernetes/job.ts';
import { KubernetesApi } from '../../../../controller/api-server/kubernetes-api.ts';
import { OWN_NAMESPACE } from '../../../../controller/install/names.ts';
import type { Sweep } from '../../../../controller/judge/finding.ts';
import { MeshproofError } from '../../../../proto/errors.ts';
import { systemClock } from '../../../../proto/system-clock.ts';
import { hurriedClock } from '../../../support/hurried-clock.ts';
import { FakeJobApi } from '../../../support/job-api/fake-job-api.ts';
import { cell, sweep } from '../../../support/sweeps.ts';

const OPTIONS = { sweepId: 'abc23456', args: ['matrix', '--in-cluster', '-A'], deadlineSeconds: 780 };
const SWEEP = sweep([cell(), cell({ to: 'shop/cart:80' })]);

interface Scene {
  readonly api: FakeJobApi;
  readonly events: JobEvent[];
  readonly notes: string[];
  readonly running: Promise<Sweep>;
  /** The process in the pod. */
  readonly pod: FrameWriter;
  readonly stop: AbortController;
  readonly untilTold: () => Promise<unknown>;
}

/** Each second of waiting is a hundredth of one. */
const HURRY = 100;
/** For those that wait until patience has ended. */
const GREAT_HURRY = 1000;
/** For those with several answers to wait for before a deadline: a busy machine must be able to keep it. */
const LITTLE_HURRY = 10;

async function scene(t: Test, prepare: (api: FakeJobApi) => unknown = startsAtOnce, hurry = HURRY): Promise<Scene> {
  const api = await FakeJobApi.start();
  prepare(api);
  const clock = hurriedClock(systemClock, hurry);
  const reach = { server: api.url, isProxied: false, authenticate: () => Promise.resolve({ headers: {} }) };
  const jobs = new SweepJobs(new KubernetesApi(reach, clock, { patienceMs: 10_000 }), OWN_NAMESPACE);
  const events: JobEvent[] = [];
  const notes: string[] = [];
  const stop = new AbortController();
  const bell = new EventEmitter();
  const progress = (event: JobEvent): void => {
    events.push(event);
    bell.emit('told');
  };
  const deps = { jobs, clock, progress, note: (line: string) => notes.push(line), debug: () => undefined };
  const running = runSweepJob(deps, OPTIONS, stop.signal);
  running.catch(() => undefined);
  t.teardown(async () => {
    stop.abort();
    await running.catch(() => undefined);
    await api[Symbol.asyncDispose]();
  });
  const pod = new FrameWriter((line) => {
    api.log.append(line);
  });
  return { api, events, notes, running, stop, pod, untilTold: () => once(bell, 'told') };
}

function startsAtOnce(api: FakeJobApi): void {
  api.onCreated = () => {
    api.run();
  };
}

t.test('progress and notes come as they are told, the sweep comes whole, and the Job is deleted', async (t) => {
  const { api, running, events, notes, pod } = await scene(t);
  pod.hello('abc23456');
  pod.progress({ kind: 'phase', name: 'measure' });
  pod.note('NetworkPolicy shop/deny isolates a probe');
  pod.sweep(SWEEP);
  t.same(await running, SWEEP);
  t.match(events, [{ kind: 'phase', name: 'measure' }]);
  t.same(notes, ['NetworkPolicy shop/deny isolates a probe']);
  t.equal(api.times('delete jobs'), 1);
  t.equal(api.asked.find(({ what }) => what === 'delete jobs')?.query.get('propagationPolicy'), 'Background');
  t.equal(api.job, undefined);
});

t.test('a log that is cut again and again is gone on with where it was, and nothing counts twice', async (t) => {
  const { api, running, events, pod } = await scene(t);
  pod.hello('abc23456');
  for (let finished = 0; finished < 8; finished += 1) {
    await api.log.untilRead();
    pod.progress({ kind: 'tasks', finished, planned: 9 });
    if (finished % 2 === 0) api.log.cut();
    else api.log.cutWithin('{"seq":99,"frame":"note","text":"half');
  }
  await api.log.untilRead();
  pod.sweep(SWEEP);
  t.same(await running, SWEEP);
  const told = events.flatMap((event) => (event.kind === 'tasks' ? [event.finished] : []));
  t.same(told, [0, 1, 2, 3, 4, 5, 6, 7]);
  const sinces = api.asked.filter(({ what }) => what === 'get pods/log').map(({ query }) => query.get('sinceTime'));
  t.match(sinces.at(-1), /^2026-01-02T03:04:\d\dZ$/, 'in whole seconds, as API servers take it');
});

t.test('what a rotation has swallowed is missed: no half sweep is taken for a whole one', async (t) => {
  const { api, running, pod, untilTold } = await scene(t);
  pod.hello('abc23456');
  const told = untilTold();
  pod.progress({ kind: 'phase', name: 'measure' });
  await told;
  api.log.cut();
  pod.note('lost');
  api.log.rotate();
  pod.sweep(SWEEP);
  await t.rejects(running, { code: 'MPE_SWEEP_LOST', message: /line 3 of its log is missing/ });
  t.equal(api.job, undefined, 'the Job is deleted all the same');
});

t.test('an error in the Job is the error of the command, with its code, words and hint', async (t) => {
  const { running, pod } = await scene(t);
  pod.hello('abc23456');
  pod.error(new MeshproofError('MPE_NOT_PERMITTED', 'may not list pods', { hint: '- { apiGroups: [""] }' }));
  await t.rejects(running, {
    code: 'MPE_NOT_PERMITTED',
    message: 'may not list pods',
    hint: '- { apiGroups: [""] }',
    exitStatus: 77,
  });
});

const DEATHS: readonly (readonly [what: string, die: (api: FakeJobApi) => void, says: RegExp])[] = [
  [
    'memory',
    (api) => {
      api.terminate({ reason: 'OOMKilled', exitCode: 137 });
    },
    /OOMKilled \(exit status 137\)/,
  ],
  [
    'a crash',
    (api) => {
      api.terminate({ reason: 'Error', exitCode: 1 });
    },
    /Error \(exit status 1\)/,
  ],
  [
    'its deadline, which takes the pod as well',
    (api) => {
      const message = 'Job was active longer than specified deadline';
      api.jobStatus = { conditions: [{ type: 'Failed', status: 'True', reason: 'DeadlineExceeded', message }] };
      api.podStatus = undefined;
      api.log.end();
    },
    /DeadlineExceeded: Job was active longer than specified deadline/,
  ],
  [
    'the deletion of its namespace',
    (api) => {
      api.job = undefined;
      api.podStatus = undefined;
      api.log.cut();
    },
    /the Job has been deleted/,
  ],
  [
    'an eviction',
    (api) => {
      api.podStatus = { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' };
      api.log.end();
    },
    /Evicted: The node was low on resource: memory\./,
  ],
];

for (const [what, die, says] of DEATHS) {
  t.test(`a Job that is ended by ${what} has no verdict: 75, with what is known`, async (t) => {
    const { api, running, pod } = await scene(t);
    pod.hello('abc23456');
    pod.progress({ kind: 'phase', name: 'measure' });
    await api.log.untilRead();
    die(api);
    await t.rejects(running, { code: 'MPE_SWEEP_LOST', message: says, exitStatus: 75 });
  });
}

t.test('a pod that ends just after its last line has ended well', async (t) => {
  const { api, running, pod } = await scene(t);
  await api.log.untilRead();
  api.log.cut();
  pod.hello('abc23456');
  pod.sweep(SWEEP);
  api.terminate({ reason: 'Completed', exitCode: 0 });
  t.same(await running, SWEEP);
});

const HINDRANCES: readonly (readonly [what: string, hinder: (api: FakeJobApi) => void, says: RegExp])[] = [
  [
    'an image that no node has',
    (api) => {
      const waiting = { reason: 'ErrImageNeverPull', message: 'Container image "x" is not present' };
      api.podStatus = { phase: 'Pending', containerStatuses: [{ name: 'meshproof', state: { waiting } }] };
    },
    /ErrImageNeverPull: Container image "x" is not present/,
  ],
  [
    'no room on any node',
    (api) => {
      const message = '0/1 nodes are available: 1 Insufficient cpu.';
      api.podStatus = { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] };
    },
    /Unschedulable: 0\/1 nodes are available: 1 Insufficient cpu\./,
  ],
  [
    'a quota that leaves the Job without pod',
    (api) => {
      api.events = [
        { type: 'Normal', reason: 'SuccessfulCreate', message: 'no' },
        { type: 'Warning', reason: 'FailedCreate', message: 'pods "x" is forbidden: exceeded quota: small' },
      ];
    },
    /FailedCreate: pods "x" is forbidden: exceeded quota: small/,
  ],
];

for (const [what, hinder, says] of HINDRANCES) {
  t.test(`a pod that does not start for ${what} is waited for, but not for ever: 69`, async (t) => {
    const { running, events } = await scene(t, hinder, GREAT_HURRY);
    await t.rejects(running, { code: 'MPE_JOB_NOT_STARTED', message: says, exitStatus: 69 });
    const shown = events.filter((event) => event.kind === 'job');
    t.ok(shown.length <= 1, 'told once, while it lasts');
  });
}

t.test('who may not read events gets the words of the pod', async (t) => {
  const denied = (fake: FakeJobApi): unknown => fake.denied.add('list events');
  const { running, api } = await scene(t, denied, GREAT_HURRY);
  await t.rejects(running, { code: 'MPE_JOB_NOT_STARTED', message: /the Job has no pod yet/ });
  t.equal(api.times('list events'), 1, 'and is not asked again');
});

for (const what of ['get cronjobs', 'create jobs', 'get jobs', 'list pods', 'get pods/log']) {
  t.test(`without the right to ${what}: 77, with verb, resource, namespace and the line to add`, async (t) => {
    const { running } = await scene(t, (api) => {
      startsAtOnce(api);
      api.denied.add(what);
    });
    const [verb = '', resource = ''] = what.split(' ');
    await t.rejects(running, {
      code: 'MPE_NOT_PERMITTED',
      exitStatus: 77,
      message: `user ann may not ${verb} ${resource} in namespace meshproof`,
      hint: new RegExp(`Role in namespace meshproof: - .*resources: \\["${resource}"\\], verbs: \\["${verb}"\\]`),
    });
  });
}

t.test('nothing is made where meshproof is not installed, and how to install it is said', async (t) => {
  const { running, api } = await scene(t, (fake) => {
    fake.template = undefined;
  });
  await t.rejects(running, { code: 'MPE_NOT_INSTALLED', hint: /meshproof install \| kubectl apply -f -/ });
  t.equal(api.times('create jobs'), 0);
});

t.test('a quota on Jobs is the cluster that refuses, not a right that is missing', async (t) => {
  const { running } = await scene(t, (api) => {
    const message = 'jobs.batch "x" is forbidden: exceeded quota: jobs, requested: count/jobs.batch=1';
    api.faults.push({ what: 'create jobs', fault: { kind: 'status', status: 403, message } });
  });
  await t.rejects(running, { code: 'MPE_JOB_NOT_STARTED', message: /exceeded quota: jobs/ });
});

t.test('an API server in trouble is asked again; a create whose answer was lost makes no second Job', async (t) => {
  const { api, running, pod } = await scene(
    t,
    (fake) => {
      startsAtOnce(fake);
      const busy = { kind: 'status', status: 429, message: 'too many requests', retryAfter: '1' } as const;
      const down = { kind: 'status', status: 503, message: 'the server is shutting down' } as const;
      for (const what of ['get cronjobs', 'get jobs', 'list pods', 'delete jobs']) {
        fake.faults.push({ what, fault: busy }, { what, fault: down }, { what, fault: { kind: 'reset' } });
      }
      fake.faults.push({ what: 'create jobs', fault: { kind: 'reset' } });
    },
    LITTLE_HURRY,
  );
  pod.hello('abc23456');
  pod.sweep(SWEEP);
  t.same(await running, SWEEP);
  t.equal(api.times('delete jobs'), 4);
});

t.test('a log that is refused in trouble is read again, though its pod has ended', async (t) => {
  const { running, pod } = await scene(t, (fake) => {
    fake.onCreated = () => {
      pod.hello('abc23456');
      pod.sweep(SWEEP);
      fake.terminate({ exitCode: 0, reason: 'Completed' });
    };
    const busy = { kind: 'status', status: 429, message: 'too many requests', retryAfter: '1' } as const;
    const down = { kind: 'status', status: 503, message: 'the server is shutting down' } as const;
    fake.faults.push({ what: 'get pods/log', fault: busy }, { what: 'get pods/log', fault: down });
  });
  t.same(await running, SWEEP);
});

t.test('an API server that does not come back is said to be unreachable: 69', async (t) => {
  const { running } = await scene(t, (api) => {
    for (let left = 100; left > 0; left -= 1) {
      api.faults.push({ what: 'get cronjobs', fault: { kind: 'status', status: 500, message: 'etcd is down' } });
    }
  });
  await t.rejects(running, {
    code: 'MPE_CLUSTER_UNREACHABLE',
    message: /get cronjobs .*: etcd is down/,
    exitStatus: 69,
  });
});

t.test('who interrupts gets the Job deleted first', async (t) => {
  const { api, running, stop, pod } = await scene(t);
  pod.hello('abc23456');
  await api.log.untilRead();
  stop.abort(new Error('enough'));
  await t.rejects(running, { message: 'enough' });
  t.equal(api.job, undefined);
});

t.test('a Job that cannot be deleted is no error, but is said', async (t) => {
  const { running, notes, pod } = await scene(t, (api) => {
    startsAtOnce(api);
    api.denied.add('delete jobs');
  });
  pod.hello('abc23456');
  pod.sweep(SWEEP);
  t.same(await running, SWEEP);
  t.match(notes, [/^Job meshproof-abc23456 could not be deleted, and will go by itself: .*may not delete jobs/]);
});

t.test('an installation of another version is told of', async (t) => {
  const { api, running, notes } = await scene(t);
  api.log.append('{"seq":1,"frame":"hello","version":"9.9.9","sweep":"abc23456"}');
  api.log.append('{"seq":2,"frame":"error","code":"MPE_FROM_THE_FUTURE","message":"no such thing","hint":"wait"}');
  await t.rejects(running, { code: 'MPE_INTERNAL', message: 'no such thing (MPE_FROM_THE_FUTURE)', hint: 'wait' });
  t.match(notes, [/version 9\.9\.9, this is /]);
});
