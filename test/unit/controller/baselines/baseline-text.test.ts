import { readFileSync, readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { baselineJson, packed, parseBaseline, unpacked } from '../../../../controller/baselines/baseline-text.ts';
import { compare } from '../../../../controller/gate/comparison.ts';
import { baseline } from '../../../support/baselines.ts';

/** What versions of the past have written. Files are added to it, and never changed. */
const KEPT = fileURLToPath(new URL('../../../fixtures/baselines/', import.meta.url));

t.test('every baseline that was ever written can be read, and differs in nothing from itself', (t) => {
  const names = readdirSync(KEPT).sort();
  t.match(names, ['v1-cluster.json', 'v1-sandbox.json']);
  for (const name of names) {
    const text = readFileSync(`${KEPT}${name}`, 'utf8');
    const read = parseBaseline(text, name);
    t.ok(read.cells.length > 0);
    t.same(compare(read, read).differences, []);
  }
  t.end();
});

t.test('those of the newest version are as the schema says', (t) => {
  const file = new URL('../../../../deploy/schema/baseline.schema.json', import.meta.url);
  const validate = new Ajv2020({ formats: { 'date-time': true } }).compile(
    JSON.parse(readFileSync(file, 'utf8')) as object,
  );
  for (const name of readdirSync(KEPT).filter((one) => one.startsWith('v1-'))) {
    validate(JSON.parse(readFileSync(`${KEPT}${name}`, 'utf8')));
    t.same(validate.errors ?? [], [], name);
  }
  t.end();
});

t.test('what is no baseline of a known version is refused with the reason', (t) => {
  const good = JSON.parse(baselineJson(baseline('a/b (naked) → c/d:80 http: closed'))) as Record<string, unknown>;
  const cases: readonly (readonly [value: unknown, message: RegExp, hint: RegExp])[] = [
    [[], /^x is no baseline/, /baseline save/],
    [{ ...good, kind: 'Sweep' }, /kind/, /baseline save/],
    [{ ...good, version: 2 }, /^x is a baseline of version 2$/, /reads versions up to 1: take a newer one/],
    [{ ...good, version: 0 }, /version/, /baseline save/],
    [{ ...good, cells: [{}] }, /cells\.0\.identity/, /baseline save/],
    [{ ...good, scope: { kind: 'planet' } }, /scope/, /baseline save/],
  ];
  for (const [value, message, hint] of cases) {
    t.throws(() => parseBaseline(JSON.stringify(value), 'x'), { code: 'MPE_UNREADABLE_INPUT', message, hint });
  }
  t.throws(() => parseBaseline('{', 'x'), { code: 'MPE_UNREADABLE_INPUT', message: /^x is no JSON/ });
  t.end();
});

t.test('what a later version of the same shape adds is kept, and hinders nobody', (t) => {
  const written = { ...JSON.parse(baselineJson(baseline('a/b (naked) → c/d:80 http: closed'))), more: 1 } as object;
  t.match(parseBaseline(JSON.stringify(written), 'x'), { more: 1, version: 1 });
  t.end();
});

t.test('compressed or not, it is told by its first bytes; a bomb does not go off', (t) => {
  const one = baseline('a/b (naked) → c/d:80 http: closed');
  t.equal(unpacked(packed(one), 'x'), baselineJson(one));
  t.equal(unpacked(new TextEncoder().encode('{}'), 'x'), '{}');
  const bomb = gzipSync(Buffer.alloc(65 * 1024 * 1024));
  t.throws(() => unpacked(bomb, 'x'), { code: 'MPE_UNREADABLE_INPUT', message: 'x is neither JSON nor JSON in gzip' });
  t.throws(() => unpacked(Buffer.from([0x1f, 0x8b, 0]), 'x'), { code: 'MPE_UNREADABLE_INPUT' });
  t.throws(() => unpacked(Buffer.from([0xff, 0xfe]), 'x'), { code: 'MPE_UNREADABLE_INPUT' });
  t.end();
});
