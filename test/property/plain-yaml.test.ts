/** The fast reader of plain YAML against the full one: what it reads at all, it reads the same. */
import fc from 'fast-check';
import t from 'tap';
import { parseDocument, stringify } from 'yaml';
import type { ToStringOptions } from 'yaml';
import { parseDocuments } from '../../controller/snapshot/documents.ts';
import { DECLINED, readPlainYaml } from '../../controller/snapshot/plain-yaml.ts';

const WORDS = ['name', 'a', 'STRICT', 'true', 'null', '8080', '0x1F', '1e3', '-1', '', ' ', '~', 'a: b', 'a #b', '- a'];
const word = fc.oneof(
  fc.constantFrom(...WORDS, "it's", '"', '*', '&a', '{}', '[]', 'a\nb', 'a\n\nb\n', '|', '.5', '1.2.3', 'yes', 'ü'),
  // Merge keys have rules of their own for what may stand behind them.
  fc.string({ maxLength: 8 }).filter((text) => text !== '<<'),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    word,
    fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.double({ noNaN: true })),
    fc.dictionary(word, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    fc.array(tie('value'), { maxLength: 4 }),
  ),
}));

/** Written in the styles of kubectl, Helm and people, then damaged a little. */
const text = fc
  .tuple(
    value,
    fc.record<ToStringOptions>({
      indentSeq: fc.boolean(),
      lineWidth: fc.constantFrom(0, 20, 80),
      defaultStringType: fc.constantFrom('PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE', 'BLOCK_LITERAL'),
    }),
    fc.array(
      fc.tuple(fc.nat(), fc.nat(1), fc.constantFrom('', ' ', '\n', ':', '#', '-', ' #', '\n  ', '"', '|', 'a', '- ')),
      { maxLength: 2 },
    ),
  )
  .map(([given, options, damages]) => {
    let written = stringify(given, options);
    for (const [at, cut, put] of damages) {
      const place = at % (written.length + 1);
      written = written.slice(0, place) + put + written.slice(place + cut);
    }
    return written;
  });

t.test('what it does not decline it reads as the full reader does', (t) => {
  let read = 0;
  fc.assert(
    fc.property(text, (written) => {
      const fast = readPlainYaml(written);
      if (fast === DECLINED) return;
      read += 1;
      const document = parseDocument(written, { prettyErrors: false, merge: true });
      if (document.errors.length > 0) throw new Error(`read what is an error: ${String(document.errors[0])}`);
      const full: unknown = document.toJS();
      if (JSON.stringify(fast) !== JSON.stringify(full)) {
        throw new Error(`${JSON.stringify(fast)} is not ${JSON.stringify(full)}`);
      }
    }),
    { numRuns: 6000 },
  );
  t.ok(read > 300, `it read ${String(read)} of 6000`);
  t.end();
});

t.test('items of a list are read as they are in the whole document', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.dictionary(word, value, { minKeys: 1, maxKeys: 3, noNullPrototype: true }), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.boolean(),
      fc.boolean(),
      (items, indentSeq, isLast) => {
        const envelope = { apiVersion: 'v1', ...(isLast ? {} : { items }), kind: 'List', ...(isLast ? { items } : {}) };
        const written = stringify(envelope, { indentSeq });
        const [found] = parseDocuments({ file: 'list.yaml', text: written });
        const full: unknown = parseDocument(written, { merge: true }).toJS();
        if (JSON.stringify(found?.value, sorted) !== JSON.stringify(full, sorted)) {
          throw new Error(`${JSON.stringify(found?.value)} is not ${JSON.stringify(full)}`);
        }
      },
    ),
    { numRuns: 500 },
  );
  t.end();
});

/** The items come last where they were split off. */
function sorted(_key: string, member: unknown): unknown {
  if (typeof member !== 'object' || member === null || Array.isArray(member)) return member;
  return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
}
