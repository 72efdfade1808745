/** Servers that misbehave before, in and after the TLS handshake. */
import type { Probe } from '../../../proto/vocabulary.ts';
import { serveCutTls, serveTlsUnderneath } from '../../support/servers/cut-tls.ts';
import {
  close,
  hang,
  reset,
  say,
  sayAndClose,
  sayForever,
  serveTcp,
  serveTls,
  trickle,
} from '../../support/servers/misbehaving.ts';
import type { Behaviour, Listening } from '../../support/servers/misbehaving.ts';
import { CLOSED, MTLS, NO_ANSWER, reached, refused, RESET, SILENT, silent, TLS } from './animal.ts';
import type { Animal } from './animal.ts';
import { mutual } from './served.ts';

const HANDSHAKE = 22;
const ALERT = 21;
/** Past the ServerHello, amid the certificate. */
const AMID_FLIGHT = 400;
const AMID_HELLO = 20;

const record = (type: number, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from([type, 3, 3, payload.length >> 8, payload.length & 255]), payload]);
const HELLO_REQUEST = record(HANDSHAKE, Buffer.from([0, 0, 0, 0]));
const WARNING = record(ALERT, Buffer.from([1, 90]));
const GARBAGE = record(HANDSHAKE, Buffer.alloc(99, 0xaa));
const ENDLESS_MESSAGE = record(HANDSHAKE, Buffer.from([2, 255, 255, 255]));
/** A ServerHello of TLS 1.0: its version, 32 bytes of chance, no session, TLS_RSA_WITH_AES_128_CBC_SHA, no compression. */
const OLD_HELLO = record(
  HANDSHAKE,
  Buffer.concat([Buffer.from([2, 0, 0, 38, 3, 1]), Buffer.alloc(32, 7), Buffer.from([0, 0, 0x2f, 0])]),
);
const IN_TLS = { kind: 'refused', layer: 'tls' };

type Row = readonly [does: string, serve: () => Promise<Listening>, says: object, isLasting?: boolean];

const tcp = (behaves: Behaviour) => () => serveTcp(behaves);
const within = (count: number, then: Behaviour) => () => serveCutTls(mutual(), count, then);
const after = (then: Behaviour) => () => serveTlsUnderneath(mutual({ requestCert: false }), then);
const inside = (behaves: Behaviour) => () =>
  serveTls(mutual({ requestCert: false }), (socket) => {
    behaves(socket, Buffer.alloc(0));
  });

const ROWS: readonly Row[] = [
  ['resets after the ClientHello', tcp(reset), refused('tls', 'reset')],
  ['closes after the ClientHello', tcp(close), refused('tls', 'closed')],
  ['says nothing to the ClientHello', tcp(hang), silent('tls'), true],
  ['speaks plaintext', tcp(say('HTTP/1.1 400 Bad Request\r\n\r\n')), refused('tls', 'speaks-plaintext')],
  ['speaks plaintext without end', tcp(sayForever('{"hello":1}\n')), refused('tls', 'speaks-plaintext')],
  ['sends a record of garbage', tcp(say(GARBAGE)), IN_TLS],
  ['sends a message beyond any size', tcp(sayForever(GARBAGE, ENDLESS_MESSAGE)), IN_TLS],
  ['sends hello requests without end', tcp(sayForever(HELLO_REQUEST)), IN_TLS],
  ['sends warnings without end', tcp(sayForever(WARNING)), IN_TLS],
  ['says a ServerHello of TLS 1.0', tcp(say(OLD_HELLO)), refused('tls', 'protocol-version')],
  ['resets within the ServerHello', within(AMID_HELLO, reset), refused('tls', 'reset')],
  ['closes within the ServerHello', within(AMID_HELLO, close), refused('tls', 'closed')],
  ['resets within the handshake', within(AMID_FLIGHT, reset), refused('tls', 'reset')],
  ['closes within the handshake', within(AMID_FLIGHT, close), refused('tls', 'closed')],
  ['hangs within the handshake', within(AMID_FLIGHT, hang), silent('tls'), true],
  ['ends its handshake a byte at a time', within(AMID_FLIGHT, trickleOn), silent('tls'), true],
  ['sends garbage within the handshake', within(AMID_FLIGHT, sayAndClose(Buffer.alloc(4_000, 0x55))), IN_TLS],
  ['resets after the handshake', after(reset), RESET],
  ['closes after the handshake without a word', after(close), CLOSED],
  ['closes after the handshake', inside(close), CLOSED],
  ['says nothing after the handshake', inside(hang), SILENT, true],
  ['leaves TLS for plaintext', after(say('HTTP/1.1 200 OK\r\n\r\n')), { kind: 'refused' }],
  ['sends a body without end inside TLS', inside(sayForever('x', 'HTTP/1.1 500 Oh\r\n\r\n')), reached(500)],
  ['sends bytes without end inside TLS', inside(sayForever('x')), NO_ANSWER],
  ['begins a head inside TLS and closes', inside(sayAndClose('HTTP/1.1 200 OK\r\nx: ')), NO_ANSWER],
  ['begins a head inside TLS and hangs', inside(say('HTTP/1.1 200 OK\r\nx: ')), NO_ANSWER, true],
];

function trickleOn(socket: Parameters<Behaviour>[0], rest: Buffer): void {
  trickle(rest)(socket, rest);
}

const animal = (probe: Probe, [does, serve, says, isLasting = false]: Row): Animal => ({
  name: `${probe.kind}: ${does}`,
  probe,
  serve,
  says,
  isLasting,
  mayRead: MAY_READ,
});

/** What OpenSSL takes off the socket until we look, ten milliseconds later, at a loopback's pace. */
const MAY_READ = 16 * 1024 * 1024;

export const HANDSHAKES: readonly Animal[] = [TLS, MTLS].flatMap((probe) => ROWS.map((row) => animal(probe, row)));
