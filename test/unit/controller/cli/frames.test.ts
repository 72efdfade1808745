import t from 'tap';
import { FrameReader, FrameWriter } from '../../../../controller/cli/frames.ts';
import { MeshproofError } from '../../../../proto/errors.ts';
import { cell, sweep } from '../../../support/sweeps.ts';

/** The lines that are written. */
function written(tell: (writer: FrameWriter) => void): string[] {
  const lines: string[] = [];
  tell(new FrameWriter((line) => lines.push(line)));
  return lines;
}

const MANY = sweep(Array.from({ length: 2000 }, (_, at) => cell({ to: `shop/pay-${String(at * 7919)}:8080` })));

t.test('each line ends, is numbered, and is short enough for the log of a container', (t) => {
  const lines = written((writer) => {
    writer.hello('abc');
    writer.note('x'.repeat(100_000));
    writer.error(new MeshproofError('MPE_INTERNAL', 'y'.repeat(100_000), { hint: 'z'.repeat(100_000) }));
    writer.sweep(MANY);
  });
  t.ok(lines.length > 20);
  t.ok(lines.every((line) => line.endsWith('\n') && Buffer.byteLength(line) < 16_384));
  t.same(
    lines.map((line) => (JSON.parse(line) as { seq: number }).seq),
    lines.map((_, at) => at + 1),
  );
  t.end();
});

t.test('a sweep is known with its last part, and not before', (t) => {
  const lines = written((writer) => {
    writer.sweep(MANY);
  });
  const reader = new FrameReader();
  for (const line of lines) {
    t.equal(reader.ending, undefined);
    t.equal(reader.read(line).kind, 'frame');
  }
  t.same(reader.ending, { kind: 'sweep', sweep: MANY });
  t.end();
});

t.test('what was read is known again, and what is missing is missed', (t) => {
  const [first = '', second = '', third = ''] = written((writer) => {
    writer.note('1');
    writer.note('2');
    writer.note('3');
  });
  const reader = new FrameReader();
  t.match(reader.read(first), { kind: 'frame' });
  t.same(reader.read(first), { kind: 'repeated' });
  t.same(reader.read(third), { kind: 'gap', expected: 2, found: 3 });
  t.match(reader.read(second), { kind: 'frame' });
  t.match(reader.read(third), { kind: 'frame' });
  t.end();
});

for (const line of [
  '',
  'Killed',
  '(node:1) Warning: …',
  '{"seq":1',
  '{"level":30}',
  '[]',
  '{"seq":0,"frame":"note","text":""}',
]) {
  t.test(`no frame, and in nobody's way: ${line}`, (t) => {
    const reader = new FrameReader();
    t.same(reader.read(line), { kind: 'other', line });
    const [first = ''] = written((writer) => {
      writer.note('hello');
    });
    t.match(reader.read(first), { kind: 'frame' });
    t.end();
  });
}

const SPOILT: readonly (readonly [what: string, spoil: (line: string) => string, says: RegExp])[] = [
  ['another digest', (line) => line.replace(/"sha256":"../, '"sha256":"zz'), /digest differs/],
  ['a broken package', (line) => line.replace(/"data":"........../, '"data":"AAAAAAAAAA'), /cannot be unpacked/],
  ['a part too many', (line) => line.replace('"part":1', '"part":2'), /part 2 of 1 came after 0 parts/],
];

for (const [what, spoil, says] of SPOILT) {
  t.test(`${what}: no sweep is made of it`, (t) => {
    const [line = ''] = written((writer) => {
      writer.sweep(sweep([cell()]));
    });
    t.throws(() => new FrameReader().read(spoil(line)), { code: 'MPE_SWEEP_LOST', message: says });
    t.end();
  });
}

t.test('an error comes with its code, and one that this version does not know keeps its words', (t) => {
  const reader = new FrameReader();
  const [line = ''] = written((writer) => {
    writer.error(new MeshproofError('MPE_TIMEOUT', 'no verdict within 5 ms'));
  });
  reader.read(line);
  t.match(reader.ending, { kind: 'error', error: { code: 'MPE_TIMEOUT', message: 'no verdict within 5 ms' } });
  const other = new FrameReader();
  other.read(line.replace('MPE_TIMEOUT', 'MPE_TOMORROW'));
  t.match(other.ending, { error: { code: 'MPE_INTERNAL', message: 'no verdict within 5 ms (MPE_TOMORROW)' } });
  t.end();
});
