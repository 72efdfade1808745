import { Readable, Writable } from 'node:stream';
import t from 'tap';
import { openTerminal } from '../../../../controller/cli/terminal.ts';
import { Recorder } from '../../../support/cli.ts';

const open = (env: Record<string, string>, columns?: number, mayColour = true) =>
  openTerminal(
    { stdin: Readable.from([]), stdout: new Recorder(columns), stderr: new Recorder(columns), env },
    mayColour,
  );

const COLOURS: readonly (readonly [string, boolean, boolean])[] = [
  ['a terminal has colours', open({}, 100).page.hasColour, true],
  ['a pipe has none', open({}).page.hasColour, false],
  ['NO_COLOR takes them away', open({ NO_COLOR: '1' }, 100).page.hasColour, false],
  ['an empty NO_COLOR does not', open({ NO_COLOR: '' }, 100).page.hasColour, true],
  ['--no-color takes them away', open({ FORCE_COLOR: '1' }, 100, false).page.hasColour, false],
  ['FORCE_COLOR gives them to a pipe', open({ FORCE_COLOR: '1' }).page.hasColour, true],
  ['FORCE_COLOR=0 takes them away', open({ FORCE_COLOR: '0' }, 100).page.hasColour, false],
  ['NO_COLOR wins over FORCE_COLOR', open({ NO_COLOR: '1', FORCE_COLOR: '1' }, 100).page.hasColour, false],
  ['a dumb terminal has none', open({ TERM: 'dumb' }, 100).page.hasColour, false],
];

for (const [name, is, wanted] of COLOURS) {
  t.test(name, (t) => {
    t.equal(is, wanted);
    t.end();
  });
}

t.test('the page is as wide as the terminal, 120 when piped, as COLUMNS says where it says so', (t) => {
  t.equal(open({}, 97).page.columns, 97);
  t.equal(open({}).page.columns, 120);
  t.equal(open({ COLUMNS: '80' }).page.columns, 80);
  t.equal(open({}, 20).page.columns, 60, 'never too narrow to say anything');
  t.end();
});

t.test('when the reader has gone, writing does not fail and is known to be of no use', async (t) => {
  const stdout = new Writable({
    write: (_chunk, _encoding, done) => {
      done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    },
  });
  const terminal = openTerminal({ stdin: Readable.from([]), stdout, stderr: new Recorder(), env: {} }, true);
  t.equal(terminal.isClosed(), false);
  await terminal.write('first');
  await new Promise(setImmediate);
  await terminal.write('second');
  t.equal(terminal.isClosed(), true);
});

t.test(
  'what came from elsewhere is shown and not obeyed, on both streams; our colours stay where there are any',
  async (t) => {
    for (const [columns, ink] of [
      [100, '\u001b[31m'],
      [undefined, '\\u001b[31m'],
    ] as const) {
      const stdout = new Recorder(columns);
      const stderr = new Recorder(columns);
      const terminal = openTerminal({ stdin: Readable.from([]), stdout, stderr, env: {} }, true);
      await terminal.write('\u001b[31mGET /\u001b[2J\n');
      terminal.note('\u001b[31mno such file: \u001b]0;x\u0007\n');
      t.equal(stdout.text, `${ink}GET /\\u001b[2J\n`);
      t.equal(stderr.text, `${ink}no such file: \\u001b]0;x\\u0007\n`);
    }
  },
);

t.test('a rewritten line is one line', (t) => {
  const stderr = new Recorder(80);
  openTerminal({ stdin: Readable.from([]), stdout: new Recorder(), stderr, env: {} }, true).rewriteLine(
    'Job\n\u001b[2J',
  );
  t.equal(stderr.text, '\r\u001b[2KJob\\u000a\\u001b[2J');
  t.end();
});
