/** What reality.yaml is refused for, and where in the file. */
import t from 'tap';
import { parseReality } from '../../../../deploy/sandbox/reality-file.ts';
import { MeshproofError } from '../../../../proto/errors.ts';

const WHOLE = `workloads:
  shop/pay:
    dataPlane: sidecar
    ports:
      8080: { app: http, mode: STRICT }
    outbound:
      - { to: shop/pay, port: 80, tls: DISABLE }
  edge/gateway:
    dataPlane: sidecar
    gateway:
      routes:
        - { host: shop.example, port: 8080, to: shop/pay, toPort: 80 }
services:
  shop/pay:
    ports: { 80: { targetPort: 8080, protocol: http } }
    endpoints: [shop/pay]
  edge/gateway:
    ports: { 80: { targetPort: 8080, protocol: http } }
    endpoints: [edge/gateway]
`;

/** One change to the file above, and the complaint about it. */
const BROKEN: readonly (readonly [change: string, to: string, complaint: RegExp])[] = [
  ['mode: STRICT', 'mode: STRIKT', /^r\.yaml:5:32: workloads\.shop\/pay\.ports\.8080\.mode: .*"STRICT"/],
  ['dataPlane: sidecar', 'dataplane: sidecar', /^r\.yaml:3:5: unknown field "dataplane", expected none of that name$/],
  [
    '8080: { app',
    '80800: { app',
    /^r\.yaml:15:32: targetPort 8080 is no port of pod shop\/pay, expected one of 80800$/,
  ],
  [
    'shop/pay:\n    dataPlane',
    'shop_pay:\n    dataPlane',
    /^r\.yaml:2:3: "shop_pay" is no valid key, expected: write it as namespace\/name$/,
  ],
  [
    'endpoints: [shop/pay]',
    'endpoints: [shop/pya]',
    /^r\.yaml:16:17: endpoint shop\/pya is no workload or pod, expected one of shop\/pay, edge\/gateway$/,
  ],
  [
    'targetPort: 8080, protocol: http } }\n    endpoints: [shop',
    'targetPort: 8081, protocol: http } }\n    endpoints: [shop',
    /^r\.yaml:15:32: targetPort 8081 is no port of pod shop\/pay, expected one of 8080$/,
  ],
  [
    '{ to: shop/pay, port: 80,',
    '{ to: shop/cart, port: 80,',
    /^r\.yaml:7:15: service shop\/cart does not exist, expected one of shop\/pay, edge\/gateway$/,
  ],
  [
    '{ to: shop/pay, port: 80,',
    '{ to: shop/pay, port: 81,',
    /^r\.yaml:7:31: service shop\/pay has no port 81, expected one of 80$/,
  ],
  ['to: shop/pay, toPort: 80', 'to: shop/pya, toPort: 80', /^r\.yaml:12:49: service shop\/pya does not exist/],
  ['toPort: 80', 'toPort: 90', /^r\.yaml:12:67: service shop\/pay has no port 90, expected one of 80$/],
  [
    'port: 8080, to',
    'port: 8090, to',
    /^r\.yaml:18:32: targetPort 8080 is no port of pod edge\/gateway, expected one of 8090$/,
  ],
  ['dataPlane: sidecar', 'dataPlane: [sidecar', /^r\.yaml:\d+:\d+: .*expected YAML/],
  [
    '    dataPlane: sidecar',
    '    pods: [{ name: a }, { name: a }]',
    /^r\.yaml:3:33: a second pod shop\/a, expected every pod once$/,
  ],
];

t.test('a whole file is read, with its defaults', (t) => {
  const reality = parseReality('r.yaml', WHOLE);
  t.equal(reality.trustDomain, 'cluster.local');
  t.strictSame(reality.workloads['shop/pay']?.certificate, { state: 'valid' });
  t.equal(reality.workloads['shop/pay']?.ports['8080']?.mode, 'STRICT');
  t.end();
});

for (const [change, to, complaint] of BROKEN) {
  t.test(`"${to.split('\n')[0] ?? ''}" is refused with its place`, (t) => {
    t.ok(WHOLE.includes(change), 'the change applies');
    const error = t.throws(() => parseReality('r.yaml', WHOLE.replace(change, to)));
    t.ok(error instanceof MeshproofError && error.code === 'MPE_UNREADABLE_INPUT');
    t.match((error as Error).message, complaint);
    t.end();
  });
}

t.test('every complaint is told, not only the first', (t) => {
  const text = WHOLE.replace('mode: STRICT', 'mode: NONE').replace('tls: DISABLE', 'tls: NONE');
  const error = t.throws(() => parseReality('r.yaml', text)) as Error;
  t.match(error.message, /^r\.yaml:5:32: .*\nr\.yaml:7:40: /);
  t.end();
});
