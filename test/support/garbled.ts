/** Bytes of real messages, damaged: cut, flipped, doubled, with parts of another put in. */
import fc from 'fast-check';

export function garbled(whole: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Buffer> {
  const damage = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.integer({ min: 0, max: 12 }),
    how: fc.constantFrom('leave', 'leave', 'cut', 'flip', 'put', 'repeat'),
    bytes: fc.uint8Array({ maxLength: 12 }),
  });
  return fc.tuple(whole, fc.array(damage, { maxLength: 3 })).map(([bytes, damages]) =>
    damages.reduce<Buffer>((before, { at, length, how, bytes: put }) => {
      const from = Math.floor(at * before.length);
      const [head, part, tail] = [
        before.subarray(0, from),
        before.subarray(from, from + length),
        before.subarray(from + length),
      ];
      switch (how) {
        case 'leave':
          return before;
        case 'cut':
          return Buffer.concat([head, tail]);
        case 'flip':
          return Buffer.concat([head, part.map((byte) => byte ^ 0xff), tail]);
        case 'put':
          return Buffer.concat([head, put, part, tail]);
        case 'repeat':
          return Buffer.concat([head, part, part, tail]);
      }
    }, Buffer.from(bytes)),
  );
}

/** Numbers at the ends of what a field holds, and ordinary ones. */
export const uint32 = fc.oneof(fc.constantFrom(0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1), fc.nat(1_000));
export const uint64 = fc.oneof(uint32, fc.constantFrom(2 ** 32, 2 ** 53 - 1));
export const anyText = fc.oneof(
  fc.constantFrom('', 'web', 'reset', 'shop', 'x'.repeat(300)),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
