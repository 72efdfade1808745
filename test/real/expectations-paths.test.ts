/** How Envoy normalises request paths before policies see them, and which characters its URI templates take. */
import t from 'tap';
import { pathMatcher, policyPath } from '../../controller/declared/paths.ts';
import { realEnvoy } from '../support/envoy.ts';
import type { AuthorizationPolicy } from '../support/istiod/objects.ts';
import { measureCells } from '../support/policy-sets/cells.ts';
import type { AskedSet, Cell } from '../support/policy-sets/cells.ts';

const NORMALIZATIONS = ['NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'] as const;

/** By normalization, in that order; 400: no policy is asked. */
const PATHS: readonly (readonly [raw: string, ...seen: readonly string[]])[] = [
  ['/admin', '/admin', '/admin', '/admin', '/admin'],
  ['/adm%69n', '/adm%69n', '/admin', '/admin', '/admin'],
  ['/%41%7E%2D', '/%41%7E%2D', '/A~-', '/A~-', '/A~-'],
  ['/x/../admin', '/x/../admin', '/admin', '/admin', '/admin'],
  ['/x/%2E%2e/admin', '/x/%2E%2e/admin', '/admin', '/admin', '/admin'],
  ['/../../admin', '/../../admin', '/admin', '/admin', '/admin'],
  ['/admin/.', '/admin/.', '/admin/', '/admin/', '/admin/'],
  ['/x\\..\\admin', '/x\\..\\admin', '/admin', '/admin', '/admin'],
  ['/x/..;a/admin', '/x/..;a/admin', '/x/..;a/admin', '/x/..;a/admin', '/x/..;a/admin'],
  ['//admin', '//admin', '//admin', '/admin', '/admin'],
  ['/x//../admin', '/x//../admin', '/x/admin', '/x/admin', '/x/admin'],
  ['/x%2F..%2Fadmin', '/x%2F..%2Fadmin', '/x%2F..%2Fadmin', '/x%2F..%2Fadmin', '/admin'],
  ['/x%5c..%5Cadmin', '/x%5c..%5Cadmin', '/x%5c..%5Cadmin', '/x%5c..%5Cadmin', '/admin'],
  ['/x%252fadmin', '/x%252fadmin', '/x%252fadmin', '/x%252fadmin', '/x%252fadmin'],
  ['/%2F', '/%2F', '/%2F', '/%2F', '//'],
  ['///', '///', '///', '//', '//'],
  ['/"<>^`{|}', '/"<>^`{|}', '/%22%3C%3E%5E%60%7B%7C%7D', '/%22%3C%3E%5E%60%7B%7C%7D', '/%22%3C%3E%5E%60%7B%7C%7D'],
  ['/%', '/%', '/%', '/%', '/%'],
  ['/x?y=/../z', '/x', '/x', '/x', '/x'],
  ['/x%00', '/x%00', '400', '400', '400'],
  ['/x#y', '400', '400', '400', '400'],
];

const TEMPLATES = ['/a/{*}/c', '/b/{**}', '/s/{**}/c'] as const;
/** RFC 3986, pchar. */
const TAKEN = new Set("ABCabcXYZxyz019-._~%!$&'()*+,;=:@");

const PRINTABLE = Array.from({ length: 0x7f - 0x21 }, (_, index) => String.fromCharCode(0x21 + index));
const ENCODED = Array.from({ length: 0xff }, (_, index) => `%${(index + 1).toString(16).padStart(2, '0')}`);

const envoy = realEnvoy();
const options = { skip: 'missing' in envoy ? envoy.missing : false, timeout: 60_000 };
const binary = 'binary' in envoy ? envoy.binary : '';

t.test('each normalization makes of a path what is written here, for Envoy and for the engine', options, async (t) => {
  const seen = await seenPaths(PATHS.map(([raw]) => raw));
  for (const [raw, ...expected] of PATHS) {
    t.strictSame(seen.get(raw), expected, `Envoy: ${raw}`);
    const declared = NORMALIZATIONS.map((how, index) => (expected[index] === '400' ? '400' : policyPath(raw, how)));
    t.strictSame(declared, expected, `the engine: ${raw}`);
  }
});

t.test('every character, as it is and encoded, is the same to both', options, async (t) => {
  const paths = [...PRINTABLE.filter((character) => character !== '#'), ...ENCODED].map((part) => `/x${part}y`);
  const seen = await seenPaths(paths);
  const differing = paths.filter((path) => {
    const declared = NORMALIZATIONS.map((how) => policyPath(path, how));
    return JSON.stringify(declared) !== JSON.stringify(seen.get(path));
  });
  t.strictSame(differing, []);
});

t.test("the parts of a URI template take RFC 3986's pchar, and nothing else", options, async (t) => {
  const parts = PRINTABLE.filter((character) => !['#', '?', '/'].includes(character));
  const cells = await measureCells(binary, TEMPLATES.length, () =>
    TEMPLATES.map((template) =>
      asked(
        'NONE',
        parts.map((part) => template.replace(/\{\*\*?\}/, () => part)),
        [allowing(template)],
      ),
    ),
  );
  const isTaken = (part: string): boolean => TAKEN.has(part) || /^[A-Za-z0-9]$/.test(part);
  for (const [index, template] of TEMPLATES.entries()) {
    const own = cells.slice(index * parts.length, (index + 1) * parts.length);
    const expected = parts.filter(isTaken);
    t.strictSame(
      parts.filter((_, number) => own[number]?.measured.outcome === 'ALLOW_PLAINTEXT'),
      expected,
      `Envoy: ${template}`,
    );
    const matches = pathMatcher(template);
    t.strictSame(
      parts.filter((part) => matches(template.replace(/\{\*\*?\}/, () => part))),
      expected,
      `the engine: ${template}`,
    );
  }
});

/** By raw path, in the order of the normalizations. */
async function seenPaths(paths: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const cells = await measureCells(binary, NORMALIZATIONS.length, () =>
    NORMALIZATIONS.map((normalization) => asked(normalization, paths, [])),
  );
  const seenBy = ({ path, measured }: Cell): string =>
    measured.outcome === 'PROTO_MISMATCH' ? '400' : (path ?? '').replace(/\?.*$/, '');
  const all = cells.map(seenBy);
  return new Map(
    paths.map((path, index) => [path, NORMALIZATIONS.map((_, set) => all[set * paths.length + index] ?? '')]),
  );
}

function asked(
  normalization: (typeof NORMALIZATIONS)[number],
  paths: readonly string[],
  objects: readonly AuthorizationPolicy[],
): AskedSet {
  return {
    set: {
      mesh: { rootNamespace: 'istio-system', trustDomain: 'cluster.local', trustDomainAliases: [], normalization },
      namespace: 'foo',
      objects,
    },
    flows: paths.map((path, index) => ({
      id: String(index),
      source: 'bar/n',
      target: 'pod:foo/t',
      port: 8080,
      probe: 'http',
      request: { method: 'GET', path, host: 't.foo' },
    })),
  };
}

function allowing(path: string): AuthorizationPolicy {
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'a', namespace: 'foo', creationTimestamp: '2025-01-01T00:00:00Z' },
    spec: { rules: [{ to: [{ operation: { paths: [path] } }] }] },
  };
}
