/** What authorization rules do to plaintext and identified callers on HTTP and on TCP chains, on both data planes. */
import pLimit from 'p-limit';
import t from 'tap';
import type { AuthorizationRule } from '../../deploy/sandbox/reality.ts';
import { dataPlanes } from '../support/data-planes.ts';
import type { TestedDataPlane } from '../support/data-planes.ts';
import { drawTable, readTable } from '../support/drawn-table.ts';
import { portNumber, startRig } from '../support/mesh-rig.ts';
import { httpCode, tlsCode } from '../support/outcome-codes.ts';
import { issueRigCertificates } from '../support/rig-certificates.ts';

const CLIENT = 'cluster.local/ns/bar/sa/c';

const deny = (rule: Pick<AuthorizationRule, 'from' | 'to'>): AuthorizationRule => ({
  name: 'd',
  action: 'DENY',
  ...rule,
});
const allow = (rule: Pick<AuthorizationRule, 'from' | 'to'>): AuthorizationRule => ({
  name: 'a',
  action: 'ALLOW',
  ...rule,
});

const POLICIES: Readonly<Record<string, readonly AuthorizationRule[]>> = {
  none: [],
  'DENY everything': [deny({})],
  'DENY namespace bar': [deny({ from: { namespaces: ['bar'] } })],
  'DENY all without identity': [deny({ from: { notPrincipals: ['*'] } })],
  'DENY port of http': [deny({ to: { ports: [portNumber('http', 'PERMISSIVE')] } })],
  'DENY path /admin': [deny({ to: { paths: ['/admin'] } })],
  'DENY path /ord* of bar': [deny({ from: { namespaces: ['bar'] }, to: { paths: ['/ord*'] } })],
  'ALLOW everything': [allow({})],
  'ALLOW the caller': [allow({ from: { principals: [CLIENT] } })],
  'ALLOW principal cluster.local/ns/bar/*': [allow({ from: { principals: ['cluster.local/ns/bar/*'] } })],
  'ALLOW principal */sa/c': [allow({ from: { principals: ['*/sa/c'] } })],
  'ALLOW any identity': [allow({ from: { principals: ['*'] } })],
  'ALLOW another': [allow({ from: { principals: ['cluster.local/ns/bar/sa/d'] } })],
  'ALLOW namespace b*': [allow({ from: { namespaces: ['b*'] } })],
  'ALLOW all but namespace bar': [allow({ from: { notNamespaces: ['bar'] } })],
  'ALLOW path /orders': [allow({ to: { paths: ['/orders'] } })],
  'ALLOW method POST': [allow({ to: { methods: ['POST'] } })],
  'ALLOW port of tcp': [allow({ to: { ports: [portNumber('tcp', 'PERMISSIVE')] } })],
  'ALLOW the caller, DENY its namespace': [
    allow({ from: { principals: [CLIENT] } }),
    deny({ from: { namespaces: ['bar'] } }),
  ],
  'ALLOW the caller, ALLOW a path': [allow({ from: { principals: [CLIENT] } }), allow({ to: { paths: ['/orders'] } })],
};

/** The request is GET /orders; `refused` is 403 on HTTP chains, and a close after the first byte on TCP chains. */
const TABLE = `
  policy                                 | plaintext http | mtls http | plaintext tcp | mtls tcp
  none                                   | reached        | reached   | reached       | reached
  DENY everything                        | refused        | refused   | refused       | refused
  DENY namespace bar                     | reached        | refused   | reached       | refused
  DENY all without identity              | refused        | reached   | refused       | reached
  DENY port of http                      | refused        | refused   | reached       | reached
  DENY path /admin                       | reached        | reached   | refused       | refused
  DENY path /ord* of bar                 | reached        | refused   | reached       | refused
  ALLOW everything                       | reached        | reached   | reached       | reached
  ALLOW the caller                       | refused        | reached   | refused       | reached
  ALLOW principal cluster.local/ns/bar/* | refused        | reached   | refused       | reached
  ALLOW principal */sa/c                 | refused        | reached   | refused       | reached
  ALLOW any identity                     | refused        | reached   | refused       | reached
  ALLOW another                          | refused        | refused   | refused       | refused
  ALLOW namespace b*                     | refused        | reached   | refused       | reached
  ALLOW all but namespace bar            | reached        | refused   | reached       | refused
  ALLOW path /orders                     | reached        | reached   | refused       | refused
  ALLOW method POST                      | refused        | refused   | refused       | refused
  ALLOW port of tcp                      | refused        | refused   | reached       | reached
  ALLOW the caller, DENY its namespace   | refused        | refused   | refused       | refused
  ALLOW the caller, ALLOW a path         | reached        | reached   | refused       | reached
`;

const CODES: Readonly<Record<string, readonly [reached: string, refused: string]>> = {
  'plaintext http': ['ALLOW_PLAINTEXT as HTTP', 'DENY_AUTHZ_HTTP'],
  'mtls http': ['ALLOW_MTLS as HTTP', 'DENY_AUTHZ_HTTP'],
  'plaintext tcp': ['ALLOW_PLAINTEXT as TCP', 'DENY_AUTHZ_TCP'],
  'mtls tcp': ['ALLOW_MTLS as TCP', 'DENY_AUTHZ_TCP'],
};

const { columns, rows } = readTable(TABLE);
const { pods, clients } = issueRigCertificates(Date.now());

for (const dataPlane of dataPlanes()) {
  t.test(`on ${dataPlane.title} every policy decides as drawn`, dataPlane.options, async (t) => {
    const limit = pLimit(3);
    const measured = await Promise.all(
      rows.map(({ name }) => limit(async () => ({ name, cells: await measure(dataPlane, name) }))),
    );
    for (const line of drawTable(
      ['policy', ...columns],
      measured.map(({ name, cells }) => [name, ...cells]),
    ))
      t.comment(line);
    t.strictSame(measured, rows);
  });
}

async function measure(dataPlane: TestedDataPlane, policy: string): Promise<readonly string[]> {
  const authorization = POLICIES[policy];
  if (authorization === undefined) throw new Error(`no policy is called ${policy}`);
  await using rig = await startRig(dataPlane.create(), { certificates: pods, authorization });
  const http = rig.port('http', 'PERMISSIVE');
  const tcp = rig.port('tcp', 'PERMISSIVE');
  const codes = await Promise.all([
    httpCode(http),
    tlsCode(http, 'TLSv1.3', ['istio-http/1.1'], clients.valid),
    httpCode(tcp),
    tlsCode(tcp, 'TLSv1.3', ['istio'], clients.valid),
  ]);
  return codes.map((code, index) => {
    const [reached, refused] = CODES[columns[index] ?? ''] ?? [];
    return code === reached ? 'reached' : code === refused ? 'refused' : code;
  });
}
