/** Ways to draw values that the generators share: few choices, so that things collide. */
import fc from 'fast-check';

export const NAMESPACES = ['foo', 'bar', 'istio-system'] as const;
export const APPS = ['a', 'b', 'c'] as const;
export const POD_PORTS = [8080, 8081, 9090, 7070] as const;

/** One of the choices; name one several times to draw it more often. */
export const oneOf = <const Choice>(...choices: readonly Choice[]): fc.Arbitrary<Choice> => fc.constantFrom(...choices);

/** Absent in so many of ten cases. */
export function rarely<Value>(value: fc.Arbitrary<Value>, absentOfTen: number): fc.Arbitrary<Value | undefined> {
  return fc.oneof(
    { weight: 10 - absentOfTen, arbitrary: value },
    { weight: absentOfTen, arbitrary: fc.constant(undefined) },
  );
}

/** An object of drawn fields, without those that were drawn as absent. */
export function sparse<Value extends object>(fields: {
  readonly [Key in keyof Value]?: fc.Arbitrary<Value[Key] | undefined>;
}): fc.Arbitrary<Value> {
  return fc
    .record(fields as Readonly<Record<string, fc.Arbitrary<unknown>>>)
    .map((drawn) => JSON.parse(JSON.stringify(drawn)) as Value);
}

/** Few moments: objects of one second are as frequent as objects of different ages. */
export const born = oneOf(
  '2025-01-01T00:00:01Z',
  '2025-01-01T00:00:01Z',
  '2025-01-01T00:00:02Z',
  '2025-01-01T00:00:03Z',
);

export const selectorLabels = oneOf<Readonly<Record<string, string>>>(
  { app: 'a' },
  { app: 'a' },
  { app: 'b' },
  { tier: 'front' },
  { tier: 'back' },
  { app: 'a', tier: 'front' },
  { version: 'v1' },
  { app: 'none' },
);

/** One or two different choices. */
export const few = <const Choice>(...choices: readonly Choice[]): fc.Arbitrary<Choice[]> =>
  fc.uniqueArray(oneOf(...choices), { minLength: 1, maxLength: 2 });
