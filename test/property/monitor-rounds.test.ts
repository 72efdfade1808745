import fc from 'fast-check';
import t from 'tap';
import { Rounds, confirmationNumber } from '../../controller/monitor/rounds.ts';
import type { Report } from '../../proto/outcome.ts';

const ROUTES = 3;
const ATTEMPTS = 2;

interface Place {
  readonly route: number;
  readonly slot: number;
  readonly attempt: number;
  readonly isAsked: boolean;
}

const place = fc.record({
  route: fc.integer({ min: 1, max: ROUTES + 1 }),
  slot: fc.integer({ min: 0, max: 3 }),
  attempt: fc.integer({ min: 0, max: ATTEMPTS }),
  isAsked: fc.boolean(),
});

const step = fc.oneof(
  { weight: 20, arbitrary: place.map((one) => ({ kind: 'add' as const, ...one })) },
  { weight: 3, arbitrary: fc.constant({ kind: 'take' as const }) },
);

function reportOf({ route, slot, attempt, isAsked }: Place): Report {
  const outcome = { kind: 'untested', why: 'cancelled', detail: '' } as const;
  return { route: isAsked ? confirmationNumber(route) : route, slot, attempt, startedAtMs: 0, outcome };
}

const nameOf = ({ route, slot, attempt }: Report): string => [route, slot, attempt].join('/');

t.test('whatever order and repetition they come in, each attempt is in one round at most, and rounds go on', (t) => {
  let given = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const rounds = new Rounds();
      for (let route = 1; route <= ROUTES; route += 1) rounds.expect(route, ATTEMPTS, 1);
      const counted = new Set<string>();
      const seen = new Set<string>();
      const lastSlot = new Map<string, number>();
      const take = (): void => {
        for (const [number, complete] of rounds.take()) {
          for (const { asked, reports } of complete) {
            given += 1;
            const stream = `${String(number)} ${asked === null ? 'plan' : 'asked'}`;
            const slot = reports[0]?.slot ?? -1;
            if (slot <= (lastSlot.get(stream) ?? -1)) throw new Error('a round came after a newer one');
            lastSlot.set(stream, slot);
            if (asked !== null && asked !== slot) throw new Error('it is not known which asking it was');
            if (reports.length > ATTEMPTS) throw new Error('too many attempts');
            for (const one of reports) {
              if (Rounds.routeOf(one) !== number || one.slot !== slot) throw new Error('of another round');
              if (!counted.has(nameOf(one))) throw new Error('it was not counted');
              if (seen.has(nameOf(one))) throw new Error('it is in two rounds');
              seen.add(nameOf(one));
            }
          }
        }
      };
      for (const [at, one] of steps.entries()) {
        if (one.kind === 'take') {
          take();
          continue;
        }
        // Time goes on, and what comes in belongs to about now.
        const report = reportOf({ ...one, slot: one.slot + Math.floor(at / 10) });
        const fate = rounds.add(report);
        const isPlanned = one.route <= ROUTES && one.attempt < ATTEMPTS;
        if ((fate === 'unasked') === isPlanned) throw new Error(`${fate}: ${nameOf(report)}`);
        if (fate !== 'counted') continue;
        if (counted.has(nameOf(report))) throw new Error('counted twice');
        counted.add(nameOf(report));
      }
      take();
    }),
    { numRuns: 300 },
  );
  t.ok(given > 300, 'there were enough of them');
  t.end();
});

t.test('in order and without loss every round is complete', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.nat({ max: 30 }), (attempts, slots) => {
      const rounds = new Rounds();
      rounds.expect(1, attempts, 1);
      let complete = 0;
      for (let slot = 0; slot < slots; slot += 1) {
        for (let attempt = 0; attempt < attempts; attempt += 1) {
          rounds.add(reportOf({ route: 1, slot, attempt, isAsked: false }));
        }
        for (const [, some] of rounds.take())
          complete += some.filter(({ reports }) => reports.length === attempts).length;
      }
      return complete === slots;
    }),
  );
  t.end();
});
