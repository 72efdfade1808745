import t from 'tap';
import type { Cell } from '../../controller/judge/finding.ts';
import { drawTable, readTable } from '../support/drawn-table.ts';
import { SHOP_CONFLICTS } from '../support/shop-findings.ts';
import { sweepScenario } from '../support/sandbox-sweep.ts';

/**
 * What the wire shows: `m` answered over mutual TLS, `p` answered in plaintext, `S` reset, `A` refused by authorization,
 * `X` 503 because the two ends disagree on TLS, `C` 503 because of the served certificate, `±` now and then.
 */
const REACHABILITY = `
                        | legacy/reports:80 | web/front:80 | shop/pay:8080 | shop/cart:80 | shop/search:80 | wallet/accounts:80 | wallet/card:80 | wallet/coupons:80 | wallet/gift:80 | wallet/points:80 | depot/stock:80
legacy/batch (naked)    | p                 | S            | S             | S            | S              | p                  | p              | p                 | p              | p                | p
web/front (sidecar)     | p                 | m            | m             | m            | m              | m                  | C              | ±                 | C              | C                | m
checkout/checkout (sidecar) | X             | m            | m             | X            | m              | m                  | C              | ±                 | C              | C                | m
shop/shop (sidecar)     | p                 | m            | m             | m            | m              | m                  | C              | ±                 | C              | C                | m
wallet/wallet (sidecar) | p                 | m            | m             | m            | m              | m                  | C              | ±                 | C              | C                | m
wallet/wallet (naked)   | p                 | S            | S             | S            | S              | p                  | p              | p                 | p              | p                | p
depot/stock (sidecar)   | p                 | m            | A             | m            | m              | m                  | C              | ±                 | C              | C                | m
`;

const CERTIFICATES = `
workload      | cause
wallet/card   | MP1102
wallet/gift   | MP1103
wallet/points | MP1104
`;

function place({ namespace, name, port }: Cell['target']): string {
  return `${namespace}/${name}:${String(port)}`;
}

function caller({ vantage }: Cell): string {
  return `${vantage.namespace}/${vantage.serviceAccount} (${vantage.dataPlane})`;
}

function glyph(cell: Cell): string {
  const glyphs = new Set(cell.attempts.map(({ outcome }) => glyphOf(outcome)));
  return glyphs.size === 1 ? [...glyphs].join('') : '±';
}

function glyphOf(outcome: Cell['outcome']): string {
  if (outcome.kind === 'reached')
    return { mtls: 'm', plaintext: 'p', tls: 't', hbone: 'h', unproved: '?' }[outcome.transport];
  if (outcome.kind !== 'refused') return outcome.kind;
  switch (outcome.signature) {
    case 'reset':
      return 'S';
    case 'rbac-denied':
      return 'A';
    case 'upstream-reset':
    case 'upstream-plaintext':
      return 'X';
    case 'upstream-certificate':
      return 'C';
    default:
      return outcome.signature;
  }
}

t.test('the shop is measured as what it is, and each trouble is reported under its code', async (t) => {
  const { cells, conflicts, verdict } = await sweepScenario('shop');
  const reachability = cells.filter(({ table }) => table === 'reachability');

  const { columns, rows } = readTable(REACHABILITY);
  const measured = rows.map(({ name }) => [
    name,
    ...columns.map((column) =>
      reachability
        .filter((cell) => caller(cell) === name && place(cell.target) === column && !('via' in cell.target))
        .map(glyph)
        .join(),
    ),
  ]);
  const drawn = rows.map(({ name, cells: glyphs }) => [name, ...glyphs]);
  t.same(drawTable(['', ...columns], measured), drawTable(['', ...columns], drawn));

  const gateway = reachability.filter(({ target }) => 'via' in target);
  t.same(
    gateway.map((cell) => [caller(cell), place(cell.target), glyph(cell), cell.drift]),
    [['meshproof/prober (naked)', 'web/front:80', 'X', 'agrees']],
  );

  const drifting = cells.filter(({ drift }) => drift !== 'agrees');
  for (const { name: workload, cells: codes } of readTable(CERTIFICATES).rows) {
    const own = drifting.filter(({ target }) => `${target.namespace}/${target.name}` === workload);
    t.equal(own.length, 6, `${workload}: five meshed callers and the prober's own mutual TLS`);
    t.ok(
      own.every(
        ({ drift, cause, attempts }) => drift === 'blocked' && cause?.code === codes[0] && attempts.length === 2,
      ),
      `${workload}: blocked, ${codes.join('')}, confirmed`,
    );
  }
  t.equal(drifting.length, 18, 'nothing else drifts');

  t.same(conflicts.map(({ severity, cause }) => `${severity} ${cause.code}`).sort(), SHOP_CONFLICTS);
  t.ok(conflicts.every(({ isConfirmed }) => isConfirmed));
  t.match(verdict, { value: 'fail', coverage: 1, counts: { unknown: 0, flapping: 0 } });
});
