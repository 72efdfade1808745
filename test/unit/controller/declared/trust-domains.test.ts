import t from 'tap';
import { readMeshConfig } from '../../../../controller/declared/mesh-config.ts';
import { expandTrustDomains } from '../../../../controller/declared/trust-domains.ts';

const config = { ...readMeshConfig([]), trustDomain: 'td2', trustDomainAliases: ['td1', 'old.local'] };

t.test("a principal of one of the mesh's trust domains is one of all of them", (t) => {
  const all = ['td2/ns/a/sa/b', 'td1/ns/a/sa/b', 'old.local/ns/a/sa/b'];
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['td2/ns/a/sa/b', all],
    ['old.local/ns/a/sa/b', all],
    ['cluster.local/ns/a/sa/b', all],
    ['td*/ns/a/sa/b', all],
    ['*.local/ns/a/sa/b', ['td2/ns/a/sa/b', 'td1/ns/a/sa/b', '*.local/ns/a/sa/b']],
    ['*/ns/a/sa/b', ['*/ns/a/sa/b']],
    ['other/ns/a/sa/b', ['other/ns/a/sa/b']],
    ['td2/ns/a/*', ['td2/ns/a/*']],
    ['*', ['*']],
  ];
  for (const [principal, expected] of rows) t.strictSame(expandTrustDomains([principal], config), expected, principal);
  t.end();
});
