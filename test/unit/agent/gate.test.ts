import t from 'tap';
import { createGate } from '../../../agent/gate.ts';

const never = new AbortController().signal;

t.test('so many get in, the others in the order of their coming', async (t) => {
  const gate = createGate(2);
  const order: string[] = [];
  t.equal(await gate.enter(never), true);
  t.equal(await gate.enter(never), true);
  const third = gate.enter(never).then(() => order.push('third'));
  const fourth = gate.enter(never).then(() => order.push('fourth'));
  gate.leave();
  await third;
  t.strictSame(order, ['third']);
  gate.leave();
  await fourth;
  t.strictSame(order, ['third', 'fourth']);
});

t.test('who gives up takes no place with him', async (t) => {
  const gate = createGate(1);
  await gate.enter(never);
  const impatient = new AbortController();
  const gone = gate.enter(impatient.signal);
  const next = gate.enter(never);
  impatient.abort();
  gate.leave();
  t.equal(await gone, false);
  t.equal(await next, true);
});

t.test('a closed gate sends away who waits and who comes', async (t) => {
  const gate = createGate(1);
  await gate.enter(never);
  const waiting = gate.enter(never);
  gate.close();
  t.equal(await waiting, false);
  t.equal(await gate.enter(never), false);
  t.equal(gate.closed.aborted, true);
});
