import t from 'tap';
import type { StoredEvent, SweepTrigger } from '../../../../controller/monitor/events.ts';
import { Requests } from '../../../../controller/standing/requests.ts';

const { signal } = new AbortController();

function ended(id: string, trigger: SweepTrigger = 'request'): StoredEvent {
  const verdict = { value: 'pass', why: '', coverage: 1, counts: {} } as never;
  const sweep = { id, trigger, startedAtMs: 0, finishedAtMs: 0, snapshotDigest: '', verdict };
  return { id: 1, event: { kind: 'sweep', atMs: 0, sweep } };
}

t.test('all who ask while it is under way get the same one', async (t) => {
  const requests = new Requests();
  let begun = 0;
  const ask = (isKept = false) => requests.ask(signal, isKept, () => (begun += 1));
  const answers = Promise.all([ask(), ask()]);
  requests.told(ended('of the plan', 'interval'));
  requests.complete(new Set(['a']));
  requests.told(ended('first'));
  t.match(await answers, [
    { summary: { id: 'first' }, missed: new Set(['a']) },
    { summary: { id: 'first' }, missed: new Set(['a']) },
  ]);
  t.equal(begun, 1);
  const next = ask();
  requests.complete(new Set());
  requests.told(ended('second'));
  t.match(await next, { summary: { id: 'second' }, missed: new Set() });
  t.equal(begun, 2);
});

t.test('it is kept if anybody wants that, and the next one is not', async (t) => {
  const requests = new Requests();
  const wait = requests.ask(signal, false, () => undefined);
  t.equal(requests.isKept, false);
  const keep = requests.ask(signal, true, () => undefined);
  t.equal(requests.isKept, true);
  requests.complete(new Set());
  requests.told(ended('first'));
  await Promise.all([wait, keep]);
  t.equal(requests.isKept, false);
});

t.test('who asks when it is complete, and not stored yet, gets the next: this one is stored as it is', async (t) => {
  const requests = new Requests();
  const first = requests.ask(signal, false, () => undefined);
  requests.complete(new Set());
  const begun = Promise.withResolvers<undefined>();
  const second = requests.ask(signal, true, () => {
    begun.resolve(undefined);
  });
  t.equal(requests.isKept, false);
  requests.told(ended('first'));
  t.match(await first, { summary: { id: 'first' } });
  await begun.promise;
  t.equal(requests.isKept, true);
  requests.complete(new Set());
  requests.told(ended('second'));
  t.match(await second, { summary: { id: 'second' } });
});

t.test('who gives up gets the reason, and who still waits at the end is told of it', async (t) => {
  const requests = new Requests();
  const stop = new AbortController();
  const left = requests.ask(stop.signal, false, () => undefined);
  const waiting = requests.ask(signal, false, () => undefined);
  stop.abort(new Error('enough'));
  await t.rejects(left, { message: 'enough' });
  requests.end();
  await t.rejects(waiting, { code: 'MPE_CONTROLLER_UNREACHABLE' });
  await t.rejects(
    requests.ask(stop.signal, false, () => t.fail('it began')),
    { message: 'enough' },
  );
});
