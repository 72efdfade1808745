import fc from 'fast-check';
import t from 'tap';
import { JsonFault, readJson } from '../../../../controller/snapshot/json-text.ts';

t.test('values are those of JSON.parse', (t) => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(undefined, 1, '\t'), (text, space) => {
      const written = JSON.stringify(JSON.parse(text), null, space);
      const [one, ...others] = readJson(` ${written}\n`);
      if (others.length > 0) throw new Error('more than one value');
      if (JSON.stringify(one?.value) !== JSON.stringify(JSON.parse(text))) throw new Error(written);
    }),
    { numRuns: 1000 },
  );
  t.end();
});

t.test('what JSON.parse refuses is refused, and what it takes is taken', (t) => {
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"\\n"',
    '"\\x"',
    '1',
    '-',
    '01',
    '1.',
    '1e5',
    'true',
    'nul',
    ' ',
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 7 }), (parts) => {
      const text = parts.join('');
      let isJson = true;
      try {
        JSON.parse(text);
      } catch {
        isJson = false;
      }
      let count = -1;
      try {
        count = readJson(text).length;
      } catch (error) {
        if (!(error instanceof JsonFault)) throw error;
        if (error.offset > text.length) throw new Error('beyond the end');
        if (isJson && !error.expected.startsWith('every key once')) throw new Error(`${text}: ${error.message}`);
      }
      if (!isJson && count === 1) throw new Error(`took ${text}`);
    }),
    { numRuns: 3000 },
  );
  t.end();
});

t.test('a fault has its place and says what was expected', (t) => {
  const cases: readonly (readonly [text: string, offset: number, expected: RegExp])[] = [
    ['{"a":1,}', 7, /a key in double quotes/],
    ['{"a" 1}', 5, /':'/],
    ['[1 2]', 3, /',' or '\]'/],
    ['{"a":1', 6, /',' or '}'/],
    ['{"a":1,"b":2,"a":3}', 13, /every key once, found "a" again/],
    ['{"a":"x\ny"}', 5, /double quote on its line/],
    ['{"a":"\\q"}', 5, /escapes/],
    ['{"a":tru}', 5, /true, false or null/],
    ['{"a":}', 5, /a JSON value/],
    ['['.repeat(300), 201, /at most 200 levels/],
    ['"never ends', 0, /double quote/],
  ];
  for (const [text, offset, expected] of cases) {
    try {
      readJson(text);
      t.fail(`${text} was taken`);
    } catch (error) {
      t.match(error, { offset, expected }, text);
    }
  }
  t.end();
});

t.test('several values may stand after each other', (t) => {
  t.same(
    readJson('{"a":1}\n{"b":2} [3]').map(({ value }) => value),
    [{ a: 1 }, { b: 2 }, [3]],
  );
  t.same(readJson(' \n'), []);
  t.end();
});

t.test('places are those of keys and items, or of the nearest that is there', (t) => {
  const text = '{"kind":"List","items":[{"a":{"b":[10,20]}},{"c":1}]}';
  const [list] = readJson(text);
  const at = (path: readonly (string | number)[]): string => text.slice(list?.offsetOf(path)).slice(0, 4);
  t.equal(at([]), '{"ki');
  t.equal(at(['items']), '"ite');
  t.equal(at(['items', 1]), '{"c"');
  t.equal(at(['items', 0, 'a', 'b']), '"b":');
  t.equal(at(['items', 0, 'a', 'b', 1]), '20]}');
  t.equal(at(['items', 0, 'a', 'nothing', 'more']), '"a":');
  t.equal(at(['items', 7]), '"ite');
  t.end();
});

t.test('a key that is no ordinary one is a key all the same', (t) => {
  const [one] = readJson('{"__proto__":{"polluted":true},"constructor":1}');
  t.same(Object.keys(one?.value as object), ['__proto__', 'constructor']);
  t.equal(({} as Record<string, unknown>)['polluted'], undefined);
  t.end();
});
