/** Laws of baselines and of what is made of two of them. */
import fc from 'fast-check';
import t from 'tap';
import {
  baselineFrom,
  baselineJson,
  packed,
  parseBaseline,
  unpacked,
} from '../../controller/baselines/baseline-text.ts';
import { baselineOf } from '../../controller/gate/baseline.ts';
import { compare } from '../../controller/gate/comparison.ts';
import type { Difference } from '../../controller/gate/comparison.ts';
import { diff } from '../../controller/gate/diff.ts';
import { isAbout } from '../../controller/gate/expected-changes.ts';
import { settled } from '../../controller/gate/settled.ts';
import { verify } from '../../controller/gate/verification.ts';
import type { VerifyOptions } from '../../controller/gate/verification.ts';
import { baselines, staged, staging, sweepOf } from '../support/arbitrary/baselines.ts';
import { effort, patienceMs } from '../support/arbitrary/effort.ts';

const RUNS = effort(300, 20_000);
const FAIL_ON = ['drift', 'critical', 'error'] as const;

function holds<Drawn>(name: string, drawn: fc.Arbitrary<Drawn>, check: (value: Drawn) => boolean): void {
  t.test(name, (t) => {
    fc.assert(fc.property(drawn, check), RUNS);
    t.pass(name);
    t.end();
  });
}

holds('a baseline does not differ from itself', baselines, (one) => {
  const { differences, lost, shifted, newConflicts, endedConflicts } = compare(one, one);
  return [differences, lost, shifted, newConflicts, endedConflicts].every((found) => found.length === 0);
});

holds(
  'other names of pods, another number of them and another order are no difference',
  fc.tuple(staged, staging, staging),
  ([mesh, before, after]) => {
    const { differences, lost, newConflicts, endedConflicts } = compare(
      baselineOf(sweepOf(mesh, before), 'before'),
      baselineOf(sweepOf(mesh, after), 'after'),
    );
    return [differences, lost, newConflicts, endedConflicts].every((found) => found.length === 0);
  },
);

holds(
  'what is new one way is gone the other way, and what is lost is found',
  fc.tuple(baselines, baselines),
  ([a, b]) => {
    const [there, back] = [compare(a, b), compare(b, a)];
    const of = (differences: readonly Difference[], kind: Difference['kind']): string =>
      differences
        .filter((difference) => difference.kind === kind)
        .map(({ before, after }) => (after ?? before).identity)
        .join('\n');
    const turned = back.differences.flatMap(({ kind, before, after }) =>
      kind === 'changed' ? [JSON.stringify([after, before])] : [],
    );
    const changed = there.differences.flatMap(({ kind, before, after }) =>
      kind === 'changed' ? [JSON.stringify([before, after])] : [],
    );
    const lost = new Set(back.lost.map(({ identity }) => identity));
    const found = there.differences.filter(({ kind }) => kind === 'found').map(({ after }) => after?.identity ?? '');
    return (
      of(there.differences, 'new') === of(back.differences, 'gone') &&
      of(there.differences, 'gone') === of(back.differences, 'new') &&
      changed.join('\n') === turned.join('\n') &&
      found.every((identity) => lost.has(identity)) &&
      there.compared === back.compared
    );
  },
);

const options = (minCoverage: number): VerifyOptions => ({ expected: [], minCoverage, failOn: FAIL_ON });

holds(
  'nothing passes of which too little was measured',
  fc.tuple(baselines, baselines, fc.double({ min: 0, max: 1, noNaN: true })),
  ([before, after, minCoverage]) => {
    const { verdict, coverage } = verify(before, after, options(minCoverage));
    return verdict !== 'pass' || (coverage >= minCoverage && after.cells.length > 0);
  },
);

holds('a diff finds the same two to be the same, whichever comes first', fc.tuple(baselines, baselines), ([a, b]) => {
  const isSame = diff(a, b).verdict === 'pass';
  return isSame === (diff(b, a).verdict === 'pass') && (!isSame || a.cells.length === b.cells.length);
});

holds('nothing passes that was measured in doubt', fc.tuple(baselines, baselines), ([before, after]) => {
  return verify(before, after, { ...options(0), doubt: 'something moved' }).verdict !== 'pass';
});

holds(
  'an expected change hides no change of another route',
  fc.tuple(
    baselines,
    baselines,
    fc.constantFrom('a/x', 'a/*', 'b/x'),
    fc.constantFrom('c/s', 'c/t:80'),
    fc.constantFrom('closed', 'open', 'new', 'gone'),
  ),
  ([before, after, from, to, becomes]) => {
    const change = { from, to, becomes } as const;
    const others = ({ before: was, after: is }: Difference): boolean => !isAbout(change, is ?? was);
    const plain = verify(before, after, options(0)).unexpected.filter(others);
    const { unexpected, verdict } = verify(before, after, { ...options(0), expected: [change] });
    const same = JSON.stringify(unexpected.filter(others)) === JSON.stringify(plain);
    return same && (plain.length === 0 || verdict === 'fail');
  },
);

holds('two sweeps that say the same are settled, and settle to what they say', baselines, (one) => {
  const { after, flaps } = settled([one, one]);
  return flaps.length === 0 && JSON.stringify(after) === JSON.stringify(one);
});

holds('what was kept is read back as it was', baselines, (one) => {
  const bytes = packed(one);
  const read = [parseBaseline(baselineJson(one), 'x'), baselineFrom(JSON.parse(unpacked(bytes, 'x')), 'x')];
  return read.every((again) => JSON.stringify(again) === JSON.stringify(one));
});

t.setTimeout(patienceMs);
