import { EventEmitter } from 'node:events';
import t from 'tap';
import { Interrupted, watchInterruptions } from '../../../../controller/cli/interruption.ts';

function watched() {
  const signals = new EventEmitter();
  const controller = new AbortController();
  const exits: number[] = [];
  const said: string[] = [];
  let nowMs = 1000;
  watchInterruptions(
    {
      on: (name, listener) => signals.on(name, listener),
      exit: (status) => exits.push(status),
      monotonicMs: () => nowMs,
    },
    controller,
    (text) => said.push(text),
  );
  const at = (ms: number, name: string): void => {
    nowMs = ms;
    signals.emit(name);
  };
  return { at, exits, said, signal: controller.signal };
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  t.test(`the first ${name} asks everything to stop, and says what a second will do`, (t) => {
    const { at, exits, said, signal } = watched();
    at(1000, name);
    t.ok(signal.reason instanceof Interrupted);
    t.same(exits, []);
    t.match(said, [/Once more to quit at once/]);
    t.end();
  });
}

t.test('the second one quits at once', (t) => {
  const { at, exits } = watched();
  at(1000, 'SIGINT');
  at(1400, 'SIGINT');
  t.same(exits, [130]);
  t.end();
});

t.test('one ^C that a terminal and a parent both deliver is one', (t) => {
  const { at, exits, said } = watched();
  at(1000, 'SIGINT');
  at(1010, 'SIGINT');
  t.same(exits, []);
  t.equal(said.length, 1);
  t.end();
});
