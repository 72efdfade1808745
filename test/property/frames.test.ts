import fc from 'fast-check';
import t from 'tap';
import { FrameReader, FrameWriter } from '../../controller/cli/frames.ts';
import { cell, sweep } from '../support/sweeps.ts';
import { effort } from '../support/arbitrary/effort.ts';

/** What a sweep may tell before its end: any text, in any language and length. */
const note = fc.string({ unit: 'binary', maxLength: 9000 });
const target = fc.stringMatching(/^[a-z0-9-]{1,20}$/);
/** Where the log is read from after a cut, and how far until the next one; in parts of the whole. */
const reading = fc.record({ back: fc.integer({ min: 0, max: 20 }), lines: fc.integer({ min: 0, max: 30 }) });

t.test(
  'however a log is cut and read again, everything comes once, in its order, and the sweep is the one sent',
  (t) => {
    fc.assert(
      fc.property(
        fc.array(note, { maxLength: 12 }),
        fc.uniqueArray(target, { maxLength: 40 }),
        fc.array(reading, { maxLength: 12 }),
        (notes, targets, readings) => {
          const sent = sweep(targets.map((name) => cell({ to: `shop/${name}:80` })));
          const lines: string[] = [];
          const writer = new FrameWriter((line) => lines.push(line));
          for (const text of notes) writer.note(text);
          writer.sweep(sent);
          const reader = new FrameReader();
          let at = 0;
          let told = '';
          for (const { back, lines: count } of [...readings, { back: 0, lines: Infinity }]) {
            at = Math.max(0, at - back);
            for (const line of lines.slice(at, at + count)) {
              const found = reader.read(line);
              if (found.kind === 'gap') return false;
              if (found.kind === 'frame' && found.frame.frame === 'note') told += found.frame.text;
            }
            at = Math.min(lines.length, at + count);
          }
          t.equal(told, notes.join(''));
          t.same(reader.ending, { kind: 'sweep', sweep: sent });
          return true;
        },
      ),
      effort(60, 5000),
    );
    t.end();
  },
);

t.test('with any one line missing, there is no sweep', (t) => {
  fc.assert(
    fc.property(fc.array(note, { maxLength: 5 }), fc.nat(), (notes, chosen) => {
      const lines: string[] = [];
      const writer = new FrameWriter((line) => lines.push(line));
      for (const text of notes) writer.note(text);
      writer.sweep(sweep([cell()]));
      lines.splice(chosen % lines.length, 1);
      const reader = new FrameReader();
      for (const line of lines) reader.read(line);
      return reader.ending === undefined;
    }),
    effort(60, 5000),
  );
  t.end();
});
