import t from 'tap';
import { parseSweep } from '../../../../controller/cli/sweep-text.ts';
import { publishJson } from '../../../../controller/publish/json.ts';
import { cell, sweep } from '../../../support/sweeps.ts';

const SWEEP = sweep([cell(), cell({ drift: 'exposed' })]);
const TEXT = publishJson(SWEEP);

t.test('what was published is read back as it was, and published again the same', (t) => {
  t.same(parseSweep(TEXT, 'sweep.json'), SWEEP);
  t.equal(publishJson(parseSweep(TEXT, 'sweep.json')), TEXT);
  t.end();
});

const BAD: readonly (readonly [what: string, text: string, says: RegExp])[] = [
  ['no JSON', '<html>', /^sweep\.json: expected the JSON of a sweep/],
  ['half of it', TEXT.slice(0, TEXT.length / 2), /expected the JSON of a sweep/],
  ['another kind', TEXT.replace('"Sweep"', '"Baseline"'), /kind: /],
  ['another version', TEXT.replace('v1alpha1', 'v9'), /apiVersion: /],
  ['a drift that there is not', TEXT.replace('"drift": "exposed"', '"drift": "odd"'), /cells\.1\.drift: /],
  [
    'a scope of nothing',
    TEXT.replace('"snapshot"', '"scope": { "kind": "cluster" }, "snapshot"'),
    /scope\.namespaces: /,
  ],
  ['no verdict', TEXT.replace('"verdict"', '"opinion"'), /verdict: /],
];

for (const [what, text, says] of BAD) {
  t.test(`${what} is unreadable input, and the place is named`, (t) => {
    t.throws(() => parseSweep(text, 'sweep.json'), { code: 'MPE_UNREADABLE_INPUT', message: says });
    t.end();
  });
}
