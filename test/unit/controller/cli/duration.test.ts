import t from 'tap';
import { parseDuration } from '../../../../controller/cli/duration.ts';

for (const [text, ms] of [
  ['250ms', 250],
  ['5s', 5000],
  ['1.5s', 1500],
  ['2m', 120_000],
  ['1h', 3_600_000],
] as const) {
  t.test(`${text} is ${String(ms)} ms`, (t) => {
    t.equal(parseDuration(text), ms);
    t.end();
  });
}

for (const text of ['5', '', '0s', '-1s', '5 s', '5d', 's', '1e3ms']) {
  t.test(`"${text}" is no duration`, (t) => {
    t.throws(() => parseDuration(text), { code: 'MPE_USAGE', hint: 'Write it as 250ms, 5s or 2m.' });
    t.end();
  });
}
