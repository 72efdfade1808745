import t from 'tap';
import { CAUSES } from '../../../../controller/judge/causes.ts';

t.test('the published codes keep their names', (t) => {
  const names = Object.entries(CAUSES).map(([code, { name }]) => `${code} ${name}`);
  const published =
    `MP1001 strict-refuses-naked-source, MP1002 destination-rule-plaintext-to-strict, MP1003 destination-rule-mtls-to-naked,
    MP1004 server-disabled-client-mtls, MP1005 strict-not-in-effect, MP1006 port-level-keyed-by-service-port, MP1007 port-level-without-selector,
    MP1008 not-injected, MP1009 mixed-endpoints, MP1010 capture-bypassed, MP1011 undeclared-port-open, MP1012 headless-or-pod-ip-plaintext,
    MP1013 configuration-in-flight, MP1014 proxy-not-ready, MP1015 gateway-plaintext-to-strict, MP1016 generated-destination-rule-plaintext,
    MP1017 stale-client, MP1101 client-certificate-expired, MP1102 served-certificate-expired, MP1103 untrusted-root, MP1104 identity-mismatch,
    MP1105 certificate-missing, MP1106 clock-skew, MP1107 certificate-revoked, MP1108 tls-version-or-cipher, MP1109 no-istio-alpn,
    MP1201 authorization-denied, MP1202 identity-rule-meets-plaintext, MP1203 tcp-authorization-denied, MP1204 ztunnel-authorization-denied,
    MP1205 waypoint-bypassed, MP1301 no-route, MP1302 host-not-visible, MP1303 subset-without-endpoints, MP1304 application-not-listening,
    MP1305 protocol-misdeclared, MP1306 server-first-protocol, MP1307 network-policy-blocks, MP1308 network-policy-not-enforced,
    MP1401 health-probe-not-rewritten, MP1402 health-probe-not-registered, MP1403 health-listener-on-other-address,
    MP1404 tcp-health-probe-proves-nothing, MP1405 health-path-denied-by-authorization, MP1406 network-policy-blocks-kubelet,
    MP1407 metrics-scrape-refused, MP1501 prober-not-runnable, MP1502 retries-mask-failure, MP1503 root-flag-hidden-by-retries,
    MP1504 unmodelled-object`
      .split(',')
      .map((line) => line.trim());
  t.same(
    published.filter((line) => !names.includes(line)),
    [],
  );
  t.end();
});

t.test('codes stand in order, and no name is given twice', (t) => {
  const codes = Object.keys(CAUSES);
  t.same(codes, codes.toSorted());
  t.equal(new Set(Object.values(CAUSES).map(({ name }) => name)).size, codes.length);
  t.end();
});

for (const [code, { name, wrong, fix, uses }] of Object.entries(CAUSES)) {
  t.test(`${code} says what is wrong and what to do, in sentences`, (t) => {
    t.match(name, /^[a-z]+(-[a-z]+)+$/);
    t.match(wrong, /^[A-Za-z].{20,}\.$/);
    t.match(fix, /^[A-Z].{5,}\.$/);
    t.ok(uses.length > 0);
    t.end();
  });
}
