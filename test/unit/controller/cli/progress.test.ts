import { Readable } from 'node:stream';
import t from 'tap';
import { showProgress } from '../../../../controller/cli/progress.ts';
import { openTerminal } from '../../../../controller/cli/terminal.ts';
import { Recorder } from '../../../support/cli.ts';

function shown(columns?: number) {
  const stdout = new Recorder();
  const stderr = new Recorder(columns);
  const terminal = openTerminal({ stdin: Readable.from([]), stdout, stderr, env: {} }, true);
  return { progress: showProgress(terminal), stdout, stderr };
}

t.test('elsewhere than on a terminal, a few plain lines', (t) => {
  const { progress, stdout, stderr } = shown();
  progress.show({ kind: 'phase', name: 'connect' });
  for (let up = 0; up <= 3; up += 1) progress.show({ kind: 'agents', up, planned: 3 });
  for (let finished = 0; finished <= 100; finished += 1) progress.show({ kind: 'tasks', finished, planned: 100 });
  progress.end();
  t.equal(
    stderr.text,
    'starting agents\nagents: 3 of 3 connected\n' +
      [25, 50, 75, 100].map((done) => `attempts: ${String(done)} of 100 finished\n`).join(''),
  );
  t.equal(stdout.text, '');
  t.end();
});

t.test('on a terminal, one line that is rewritten, and gone at the end', (t) => {
  const { progress, stderr } = shown(80);
  progress.show({ kind: 'agents', up: 1, planned: 3 });
  progress.show({ kind: 'agents', up: 2, planned: 3 });
  progress.end();
  const clear = '\r\u001b[2K';
  t.equal(stderr.text, `${clear}agents: 1 of 3 connected${clear}agents: 2 of 3 connected${clear}`);
  t.end();
});

t.test('a second round of tasks is told from its start again', (t) => {
  const { progress, stderr } = shown();
  progress.show({ kind: 'tasks', finished: 4, planned: 4 });
  progress.show({ kind: 'tasks', finished: 1, planned: 2 });
  progress.show({ kind: 'tasks', finished: 2, planned: 2 });
  t.equal(stderr.text.split('\n').length - 1, 3);
  t.end();
});
