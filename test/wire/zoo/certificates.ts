/** Certificates and alerts: what a server shows, and what it says of ours. */
import type { TlsOptions } from 'node:tls';
import type { Probe } from '../../../proto/vocabulary.ts';
import { issue } from '../../support/certificates.ts';
import type { TestCertificate } from '../../support/certificates.ts';
import { FOREIGN, MESH, THEIR_ID } from '../../support/probing.ts';
import { serveTlsUnderneath } from '../../support/servers/cut-tls.ts';
import { close, reset, say, serveTcp, serveTls } from '../../support/servers/misbehaving.ts';
import { CLOSED, MTLS, MTLS_TCP, reached, refused, RESET, TLS, UNTRUSTED } from './animal.ts';
import type { Animal } from './animal.ts';
import { mutual } from './served.ts';

const HOUR_MS = 3_600_000;
const NOW = Date.now();
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
/** Names of Node's own list that would add up to a second name, were it not quoted. */
const SMUGGLED = `a, URI:${THEIR_ID}, DNS:b`;
const OTHER_NAMES = Array.from({ length: 199 }, (_, index) => `pay-${String(index)}.shop.svc.cluster.local`);

const shown = (fault: string | null, spiffeId: string | null = THEIR_ID): object => ({
  ...reached(200),
  transport: spiffeId === null ? 'tls' : 'mtls',
  certificate: { fault, spiffeId },
});

const SHOWN: readonly (readonly [what: string, certificate: TestCertificate, says: object])[] = [
  ['of the mesh', issue(MESH, { uris: [THEIR_ID] }), shown(null)],
  ['of a CA that the mesh does not know', issue(FOREIGN, { uris: [THEIR_ID] }), shown('untrusted-root')],
  [
    'that has expired',
    issue(MESH, { uris: [THEIR_ID], notBeforeMs: NOW - 2 * HOUR_MS, notAfterMs: NOW - HOUR_MS }),
    shown('expired'),
  ],
  [
    'that is not valid yet',
    issue(MESH, { uris: [THEIR_ID], notBeforeMs: NOW + HOUR_MS, notAfterMs: NOW + 2 * HOUR_MS }),
    shown('not-yet-valid'),
  ],
  [
    'of somebody else',
    issue(MESH, { uris: ['spiffe://cluster.local/ns/shop/sa/other'] }),
    shown('identity-mismatch', 'spiffe://cluster.local/ns/shop/sa/other'),
  ],
  ['with a DNS name only', issue(MESH, { dnsNames: ['pay.shop.svc'] }), shown('no-spiffe-id', null)],
  ['without any name', issue(MESH), shown('no-spiffe-id', null)],
  ['with 200 names', issue(MESH, { uris: [THEIR_ID], dnsNames: OTHER_NAMES }), shown(null)],
  ['with a URI of another kind', issue(MESH, { uris: ['https://pay.shop'] }), shown('no-spiffe-id', null)],
  ['with a name that holds another', issue(MESH, { dnsNames: [SMUGGLED] }), shown('no-spiffe-id', null)],
];

/** In the clear, as it comes before the end of a handshake: a fatal alert with its number. */
const ALERTS: readonly (readonly [alert: number, probe: Probe, says: object])[] = [
  [40, TLS, { signature: 'certificate-required' }],
  [40, MTLS, { signature: 'tls-alert' }],
  [42, MTLS, { signature: 'certificate-refused', certificateRefusal: 'bad' }],
  [44, MTLS, { signature: 'certificate-refused', certificateRefusal: 'revoked' }],
  [45, MTLS, { signature: 'certificate-refused', certificateRefusal: 'expired' }],
  [46, MTLS, { signature: 'certificate-refused', certificateRefusal: 'identity' }],
  [48, MTLS, { signature: 'certificate-refused', certificateRefusal: 'unknown-ca' }],
  [48, TLS, { signature: 'tls-alert' }],
  [70, MTLS, { signature: 'protocol-version' }],
  [80, MTLS, { signature: 'tls-alert' }],
  [116, TLS, { signature: 'certificate-required' }],
  [116, MTLS, { signature: 'certificate-required' }],
];

const wanting = (alert: number): object => ({ ...refused('tls', 'certificate-required'), alert });
const UNSPECIFIED = { ...refused('tls', 'certificate-refused'), certificateRefusal: 'unspecified' };
const OLD: TlsOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' };

const ASKING: readonly (readonly [what: string, probe: Probe, changes: TlsOptions, says: object])[] = [
  ['asks for no certificate', TLS, { requestCert: false }, { ...reached(200), transport: 'tls' }],
  ['asks for no certificate', MTLS, { requestCert: false }, { ...reached(200), transport: 'mtls' }],
  ['wants a certificate, over TLS 1.3', TLS, { minVersion: 'TLSv1.3' }, wanting(116)],
  ['wants a certificate, over TLS 1.2', TLS, { maxVersion: 'TLSv1.2' }, wanting(40)],
  ['drops a foreign certificate without an alert', UNTRUSTED, {}, UNSPECIFIED],
  ['takes any certificate', UNTRUSTED, { rejectUnauthorized: false }, reached(200)],
  ['speaks TLS 1.0 only', MTLS, OLD, refused('tls', 'protocol-version')],
];

/** It had taken our certificate, so that the cut is not for that. */
const CUT: readonly (readonly [version: 'TLSv1.2' | 'TLSv1.3', how: typeof reset, says: object])[] = [
  ['TLSv1.2', reset, RESET],
  ['TLSv1.2', close, CLOSED],
  ['TLSv1.3', reset, RESET],
  ['TLSv1.3', close, CLOSED],
];

const PEER = { peerIdentities: [THEIR_ID] };

export const CERTIFICATES: readonly Animal[] = [
  ...SHOWN.map(([what, { key, chain }, says]) => ({
    name: `mtls: shows a certificate ${what}`,
    probe: MTLS,
    settings: PEER,
    says,
    serve: () => serveTls(mutual({ key, cert: chain }), (socket) => socket.end(OK)),
  })),
  ...ALERTS.map(([alert, probe, says]) => ({
    name: `${probe.kind}: sends alert ${String(alert)}`,
    probe,
    says: { kind: 'refused', layer: 'tls', alert, ...says },
    serve: () => serveTcp(say(Buffer.from([21, 3, 3, 0, 2, 2, alert]))),
  })),
  ...ASKING.map(([what, probe, changes, says]) => ({
    name: `${probe.kind}: ${what}`,
    probe,
    says,
    serve: () => serveTls(mutual(changes), (socket) => socket.end(OK)),
  })),
  ...CUT.map(([version, how, says]) => ({
    name: `mtls: ${how === reset ? 'resets' : 'closes'} after it took our certificate, over ${version}`,
    probe: MTLS_TCP,
    says,
    serve: () => serveTlsUnderneath(mutual({ minVersion: version, maxVersion: version }), how),
  })),
];
