import { Readable } from 'node:stream';
import t from 'tap';
import { tellInFrames } from '../../../../controller/cli/framed-sweep.ts';
import type { Telling } from '../../../../controller/cli/framed-sweep.ts';
import { FrameReader } from '../../../../controller/cli/frames.ts';
import { Interrupted } from '../../../../controller/cli/interruption.ts';
import { openTerminal } from '../../../../controller/cli/terminal.ts';
import type { Sweep } from '../../../../controller/judge/finding.ts';
import { EXIT, MeshproofError } from '../../../../proto/errors.ts';
import { Recorder } from '../../../support/cli.ts';
import { cell, sweep } from '../../../support/sweeps.ts';

interface Told {
  readonly status: number;
  readonly reader: FrameReader;
  /** Words of the frames in their order. */
  readonly frames: readonly string[];
}

async function told(
  measure: (telling: Telling) => Promise<Sweep>,
  signal = new AbortController().signal,
  flags = { isQuiet: false, isVerbose: false },
): Promise<Told> {
  const stdout = new Recorder();
  const terminal = openTerminal({ stdin: Readable.from([]), stdout, stderr: new Recorder(), env: {} }, false);
  const session = { terminal, command: '', signal, env: {}, flags: () => flags, finish: () => undefined };
  const status = await tellInFrames('abc', measure, () => EXIT.violations, session);
  const reader = new FrameReader();
  const frames = stdout.text
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      const reading = reader.read(line);
      if (reading.kind !== 'frame') return [reading.kind];
      const { frame } = reading;
      if (frame.frame === 'progress') return [JSON.stringify(frame.event)];
      return [frame.frame === 'note' ? `note ${frame.text}` : frame.frame];
    });
  return { status, reader, frames };
}

const SWEEP = sweep([cell()]);

t.test('a sweep is the last frame, and its verdict the exit status', async (t) => {
  const { status, reader, frames } = await told((telling) => {
    telling.note('a NetworkPolicy isolates');
    telling.debug('only for those who ask');
    return Promise.resolve(SWEEP);
  });
  t.equal(status, 79);
  t.same(frames, ['hello', 'note a NetworkPolicy isolates', 'sweep']);
  t.same(reader.ending, { kind: 'sweep', sweep: SWEEP });
});

t.test('quiet leaves out notes, verbose adds what is for those who look for a fault', async (t) => {
  const measure = (telling: Telling): Promise<Sweep> => {
    telling.note('note');
    telling.debug('debug');
    return Promise.resolve(SWEEP);
  };
  const { signal } = new AbortController();
  t.same((await told(measure, signal, { isQuiet: true, isVerbose: false })).frames, ['hello', 'sweep']);
  const verbose = await told(measure, signal, { isQuiet: false, isVerbose: true });
  t.same(verbose.frames, ['hello', 'note note', 'note debug', 'sweep']);
});

t.test('counts are told now and then, phases and the end of a count always', async (t) => {
  const { frames } = await told((telling) => {
    telling.progress({ kind: 'phase', name: 'measure' });
    for (let finished = 0; finished <= 5000; finished += 1)
      telling.progress({ kind: 'tasks', finished, planned: 5000 });
    telling.progress({ kind: 'tasks', finished: 5000, planned: 5000 });
    telling.progress({ kind: 'phase', name: 'judge' });
    return Promise.resolve(SWEEP);
  });
  t.ok(frames.length < 20);
  t.equal(frames[1], '{"kind":"phase","name":"measure"}');
  t.same(frames.slice(-3), [
    '{"kind":"tasks","finished":5000,"planned":5000}',
    '{"kind":"phase","name":"judge"}',
    'sweep',
  ]);
});

t.test('an error is the last frame, whosever it is', async (t) => {
  const refused = await told(() => Promise.reject(new MeshproofError('MPE_NOT_PERMITTED', 'no')));
  t.equal(refused.status, 77);
  t.match(refused.reader.ending, { kind: 'error', error: { code: 'MPE_NOT_PERMITTED', message: 'no' } });
  const broken = await told(() => Promise.reject(new TypeError('x is not a function')));
  t.equal(broken.status, 1);
  t.match(broken.reader.ending, { kind: 'error', error: { code: 'MPE_INTERNAL' } });
});

t.test('a pod that is told to end says so, and there is no verdict', async (t) => {
  const stop = new AbortController();
  const { status, reader } = await told(() => {
    stop.abort(new Interrupted('SIGTERM'));
    return Promise.reject(new Error('aborted'));
  }, stop.signal);
  t.equal(status, 130);
  t.match(reader.ending, { error: { code: 'MPE_SWEEP_LOST', message: /told to end: interrupted by SIGTERM/ } });
});
