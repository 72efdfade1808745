import t from 'tap';
import { latestWarning, readPod } from '../../../../../controller/fleet/kubernetes/pod-reading.ts';

t.test('a pod of which nothing is known yet', (t) => {
  t.strictSame(readPod({ metadata: { name: 'web-1' } }), {
    name: 'web-1',
    hasEnded: false,
    hasFailed: false,
    isBeingDeleted: false,
    inits: [],
    containers: [],
  });
  t.end();
});

const HOPES = [
  ['ErrImageNeverPull', 'none'],
  ['InvalidImageName', 'none'],
  ['ImagePullBackOff', 'slim'],
  ['CrashLoopBackOff', 'slim'],
  ['ContainerCreating', 'good'],
  ['SomethingNew', 'good'],
] as const;

for (const [reason, hope] of HOPES) {
  t.test(`a container that waits because of ${reason} has ${hope} hope`, (t) => {
    const state = { waiting: { reason, message: 'as\n it  is' } };
    const [container] = readPod({ status: { containerStatuses: [{ name: 'app', state }] } }).containers;
    const words = reason === 'ContainerCreating' ? '' : `${reason}: as it is`;
    t.strictSame(container, { name: 'app', state: { kind: 'waiting', words, hope } });
    t.end();
  });
}

t.test('the latest warning, whatever order they come in and however they say when', (t) => {
  const events = [
    { type: 'Warning', reason: 'B', message: 'second', eventTime: '2026-01-01T00:00:02.000000Z' },
    { type: 'Normal', reason: 'C', message: 'of no concern', lastTimestamp: '2026-01-01T00:00:09Z' },
    { reason: 'A', message: 'third', metadata: { creationTimestamp: '2026-01-01T00:00:03Z' } },
    { type: 'Warning', reason: 'A', message: 'first', lastTimestamp: '2026-01-01T00:00:01Z' },
  ];
  t.strictSame(latestWarning(events), { reason: 'A', words: 'A: third' });
  t.strictSame(latestWarning(events, 'B'), { reason: 'B', words: 'B: second' });
  t.equal(latestWarning(events, 'D'), undefined);
  t.end();
});
