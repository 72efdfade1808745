import t from 'tap';
import type { Drift } from '../../../../controller/judge/finding.ts';
import type { Access } from '../../../../controller/monitor/current.ts';
import { forget, isFlappingAt, observe } from '../../../../controller/monitor/route-state.ts';
import type { Observed, RouteState } from '../../../../controller/monitor/route-state.ts';

const DRIFTS: Readonly<Record<string, Drift>> = {
  a: 'agrees',
  e: 'exposed',
  b: 'blocked',
  d: 'downgraded',
  m: 'misplaced',
  u: 'unknown',
};
const ACCESSES: Readonly<Record<string, Access>> = { '+': 'open', '-': 'closed', '?': 'unknown' };

const letterOf = (drift: Drift): string => drift.slice(0, 1);
const signOf = (access: Access): string => Object.entries(ACCESSES).find(([, one]) => one === access)?.[0] ?? '';

/** One observation a second from one second after 1970 on: `e+` was exposed, and answered. A letter alone is open. */
function observed(...tokens: readonly string[]): readonly Observed[] {
  let state: RouteState | undefined;
  return tokens.map((token, index) => {
    const [letter = '', sign = '+'] = token;
    const one = observe(state, {
      drift: DRIFTS[letter] ?? 'unknown',
      access: ACCESSES[sign] ?? 'unknown',
      atMs: (index + 1) * 1000,
    });
    state = one.state;
    return one;
  });
}

/** A letter each. */
const looks = (seen: string): readonly Observed[] => observed(...seen.split(''));

/** What is seen, and what it is said to be after each. */
const DEBOUNCED: readonly (readonly [seen: string, said: string])[] = [
  // Protection: two in a row begin it, and two in a row end it.
  ['aeaea', 'aaaaa'],
  ['aee', 'aae'],
  ['add', 'aad'],
  ['amm', 'aam'],
  ['aeeaeaa', 'aaeeeea'],
  ['addaa', 'aadda'],
  ['ammaa', 'aamma'],
  ['aeue', 'aaaa'],
  ['aeedd', 'aaeed'],
  ['aed', 'aaa'],
  // Blocked: three of five begin it, five clean ones end it.
  ['abb', 'aaa'],
  ['abbb', 'aaab'],
  ['ababb', 'aaaab'],
  ['abaabb', 'aaaaab'],
  ['abaaabb', 'aaaaaaa'],
  ['abbbaaaa', 'aaabbbbb'],
  ['abbbaaaaa', 'aaabbbbba'],
  ['abbbaaaabaaaaa', 'aaabbbbbbbbbba'],
  ['abbbaauaaa', 'aaabbbbbbb'],
  ['abbbee', 'aaabbe'],
  ['aeebbb', 'aaeeeb'],
  // Unknown: three in a row begin it, one that knows ends it; drift has to be seen as often as ever.
  ['auu', 'aaa'],
  ['auuu', 'aaau'],
  ['auauau', 'aaaaaa'],
  ['auuua', 'aaaua'],
  ['auuuee', 'aaauue'],
  ['auuubbb', 'aaauuub'],
  ['aeeuuu', 'aaeeeu'],
  // The first of all.
  ['a', 'a'],
  ['u', 'u'],
  ['uuuua', 'uuuua'],
  ['e', 'u'],
  ['ee', 'ue'],
  ['eae', 'uaa'],
  ['bbb', 'uub'],
];

t.test('what a route is said to be, by what was seen of it', (t) => {
  for (const [seen, said] of DEBOUNCED) {
    t.equal(
      looks(seen)
        .map(({ state }) => letterOf(state.drift))
        .join(''),
      said,
      seen,
    );
  }
  t.end();
});

/** Transitions as `number:from>to`, drift and access. */
const TOLD: readonly (readonly [what: string, seen: string, told: string])[] = [
  ['that it agrees at first is none', 'a+ a+ a+', ''],
  ['drift at first is one', 'e+ e+', '1:u?>e+'],
  ['a drift begins and ends', 'a- e+ e+ a- a-', '1:a->e+ 2:e+>a-'],
  ['a declared change is followed', 'a+ a- a- a+', '1:a+>a- 2:a->a+'],
  ['a single drift says nothing of the access either', 'a- e+ a- a-', ''],
  ['nor does one that cannot be told', 'a- u? a-', ''],
  ['nor a refusal that nothing shows the target alive for', 'a+ u- a+', ''],
  ['unknown, and known again', 'a- u? u? u? a-', '1:a->u? 2:u?>a-'],
  ['what an unknown route does is learnt', 'a+ u? u? u? u- a-', '1:a+>u? 2:u->a-'],
  ['blocked, and open again', 'a+ b- b- b- a+ a+ a+ a+ a+', '1:a+>b- 2:b->a+'],
  ['one drift after another', 'a- e+ e+ m- m-', '1:a->e+ 2:e+>m-'],
];

t.test('transitions go on from where the one before went to', (t) => {
  for (const [what, seen, told] of TOLD) {
    let before: RouteState | undefined;
    const transitions = observed(...seen.split(' ')).flatMap(({ state, isTransition }) => {
      const from = before === undefined ? 'u?' : `${letterOf(before.drift)}${signOf(before.access)}`;
      before = state;
      return isTransition ? [`${String(state.sequence)}:${from}>${letterOf(state.drift)}${signOf(state.access)}`] : [];
    });
    t.equal(transitions.join(' '), told, what);
  }
  t.end();
});

t.test('since when it is so is when its drift changed', (t) => {
  const sinceMs = observed('a-', 'e+', 'e+', 'e+', 'a-', 'a-').map(({ state }) => state.sinceMs);
  t.same(sinceMs, [1000, 1000, 3000, 3000, 3000, 6000]);
  t.equal(observed('a+', 'a-').at(-1)?.state.sinceMs, 1000, 'its access is another matter');
  t.end();
});

/** The last letter is the one that is asked about. */
const CONFIRMATIONS: Readonly<Record<string, boolean>> = {
  a: false,
  ae: true,
  ad: true,
  am: true,
  ab: false,
  au: false,
  aee: false,
  aeee: false,
  aeea: true,
  aeeaa: false,
  aeeb: false,
  abbba: false,
  auuue: true,
  e: true,
};

t.test('what one more look would decide about protection is looked at again at once', (t) => {
  for (const [seen, wanted] of Object.entries(CONFIRMATIONS)) {
    t.equal(looks(seen).at(-1)?.wantsConfirmation, wanted, seen);
  }
  t.end();
});

t.test('what nothing was heard of for long is forgotten, and goes on being counted', (t) => {
  const state = observed('a-', 'e+', 'e+').at(-1)?.state;
  if (state === undefined) throw new Error('no state');
  const forgotten = forget(state, 60_000);
  t.match(forgotten, { drift: 'unknown', access: 'unknown', sinceMs: 60_000, recent: [], sequence: 2 });
  const back = observe(forgotten, { drift: 'agrees', access: 'closed', atMs: 61_000 });
  t.match(back, { isTransition: true, state: { drift: 'agrees', access: 'closed', sequence: 3 } });
  const doubted = observe(forgotten, { drift: 'exposed', access: 'open', atMs: 61_000 });
  t.match(doubted, { isTransition: false, state: { drift: 'unknown', sequence: 2 } }, 'exposed is seen twice, even so');
  t.end();
});

t.test('four changes of the drift in ten minutes are flapping', (t) => {
  const three = looks('aeeaaee').at(-1)?.state;
  const four = looks('aeeaaeeaa').at(-1)?.state;
  if (three === undefined || four === undefined) throw new Error('no state');
  t.equal(isFlappingAt(three, 10_000), false);
  t.equal(isFlappingAt(four, 10_000), true);
  t.same(four.changesAtMs, [3000, 5000, 7000, 9000]);
  t.equal(isFlappingAt(four, 602_999), true, 'ten minutes after the first');
  t.equal(isFlappingAt(four, 603_000), false);
  t.end();
});

t.test('opening and closing as declared is no flapping, nor is falling silent', (t) => {
  const opened = observed('a+', 'a-', 'a+', 'a-', 'a+').at(-1)?.state;
  if (opened === undefined) throw new Error('no state');
  t.match(opened, { sequence: 4, changesAtMs: [] });
  t.same(forget(opened, 9000).changesAtMs, []);
  t.end();
});

t.test('changes that flapping is not looked for any more are not remembered', (t) => {
  const state = looks('aee').at(-1)?.state;
  const later = observe(state, { drift: 'exposed', access: 'open', atMs: 700_000 });
  t.same(later.state.changesAtMs, []);
  t.end();
});
