/** Name servers that misbehave, and names that lead nowhere good. */
import { serveTcp, say } from '../../support/servers/misbehaving.ts';
import { serveNames } from '../../support/servers/names.ts';
import type { Answering } from '../../support/servers/names.ts';
import { HTTP, MTLS, reached, refused, silent } from './animal.ts';
import type { Animal, Stage } from './animal.ts';

const NAME = { host: 'pay.shop.svc.cluster.local', port: 8080 };
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
const UNKNOWN = refused('dns', 'name-not-found');
const FAILED = refused('dns', 'name-lookup-failed');
/** 192.0.2.0/24 is nobody's (RFC 5737); a captured connection names it as its destination and never goes there. */
const MANY = Array.from({ length: 200 }, (_, index) => `192.0.2.${String(index + 1)}`);
const FIRST = Buffer.from([192, 0, 2, 1]);

async function asking(answering: Answering): Promise<Stage> {
  const names = await serveNames(answering);
  return {
    address: NAME,
    settings: { nameServers: [names.server] },
    [Symbol.asyncDispose]: () => names[Symbol.asyncDispose](),
  };
}

/** Where nothing listens: no name server took the question. */
async function askingNobody(): Promise<Stage> {
  const names = await serveNames(() => undefined);
  await names[Symbol.asyncDispose]();
  return {
    address: NAME,
    settings: { nameServers: [names.server] },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** A sidecar that answers 200 where the connection was meant for the first address, and 500 otherwise. */
async function captured(answering: Answering): Promise<Stage> {
  const names = await asking(answering);
  const capture = await serveTcp((socket, bytes) => {
    say(bytes.subarray(20, 24).equals(FIRST) ? OK : OK.replace('200', '500'))(socket, bytes);
  });
  return {
    address: NAME,
    settings: { ...names.settings, dataPlane: 'sidecar', capture: capture.address },
    [Symbol.asyncDispose]: async () => {
      await names[Symbol.asyncDispose]();
      await capture[Symbol.asyncDispose]();
    },
  };
}

const CASES: readonly (readonly [what: string, answering: Answering, says: object])[] = [
  ['NXDOMAIN', () => ({ code: 3 }), UNKNOWN],
  ['an answer without an address', () => ({}), UNKNOWN],
  ['SERVFAIL', () => ({ code: 2 }), FAILED],
  ['REFUSED', () => ({ code: 5 }), FAILED],
  ['FORMERR', () => ({ code: 1 }), FAILED],
  ['an alias without an address', () => ({ alias: 'pay.shop.svc.cluster.local' }), UNKNOWN],
  ['a loopback address', () => ({ addresses: ['127.0.0.1'] }), FAILED],
  ['another loopback address', () => ({ addresses: ['127.9.9.9'] }), FAILED],
  ['the unspecified address', () => ({ addresses: ['0.0.0.0'] }), FAILED],
];

export const LOOKUPS: readonly Animal[] = [
  ...CASES.map(([what, answering, says]) => ({
    name: `http by name: ${what}`,
    probe: HTTP,
    says,
    serve: () => asking(answering),
  })),
  {
    name: 'http by name: the name server is silent',
    probe: HTTP,
    serve: () => asking(() => undefined),
    isLasting: true,
    says: silent('dns'),
  },
  {
    name: 'mtls by name: the name server is silent',
    probe: MTLS,
    serve: () => asking(() => undefined),
    isLasting: true,
    says: silent('dns'),
  },
  {
    name: 'http by name: the name server answers with garbage',
    probe: HTTP,
    serve: () => asking(() => Buffer.from([0x81, 0x80, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xc0, 0x0c])),
    isLasting: true,
    says: { layer: 'dns' },
  },
  {
    name: 'http by name: no name server is there',
    probe: HTTP,
    serve: askingNobody,
    says: { kind: 'untested', why: 'no-address' },
  },
  {
    name: 'http by name: 200 addresses, of which the first is taken',
    probe: HTTP,
    serve: () => captured(() => ({ addresses: MANY })),
    says: { ...reached(200), timings: { dnsMs: Number, tcpMs: Number } },
  },
];
