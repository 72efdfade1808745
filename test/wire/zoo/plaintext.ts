/** Servers that misbehave once a request in plaintext has come. */
import type { Probe } from '../../../proto/vocabulary.ts';
import {
  close,
  hang,
  reset,
  say,
  sayAndClose,
  sayAndReset,
  sayForever,
  serveTcp,
  trickle,
} from '../../support/servers/misbehaving.ts';
import type { Behaviour } from '../../support/servers/misbehaving.ts';
import { CLOSED, GRPC, HTTP, NO_ANSWER, reached, RESET, SILENT, TCP } from './animal.ts';
import type { Animal } from './animal.ts';

const HEAD = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = 'transfer-encoding: chunked\r\n\r\n';
const OK = `${HEAD}content-length: 2\r\n\r\nok`;
const GARBAGE = Buffer.from([0x00, 0xff, 0x16, 0x80, 0x0d, 0x0a, 0x0d, 0x0a, 0x7f, 0xc3, 0x28]);

type Row = readonly [does: string, behaves: Behaviour, says: object, probe?: Probe];

/** To these nothing more comes, so that the deadline decides. */
const LASTING: readonly Row[] = [
  ['takes the request and says nothing', hang, SILENT],
  ['takes the request and says nothing', hang, SILENT, TCP],
  ['takes the request and says nothing', hang, SILENT, GRPC],
  ['begins a head and never ends it', say(`${HEAD}x: `), NO_ANSWER],
  ['sends a head a byte at a time', trickle(`${HEAD}x-slow: ${'z'.repeat(1_000)}`), NO_ANSWER],
  ['promises an answer and sends none', say('HTTP/1.1 100 Continue\r\n\r\n'), NO_ANSWER],
  ['sends a body a byte at a time', trickle('y'.repeat(99), `${HEAD}content-length: 99\r\n\r\n`), reached(200)],
  ['has a length beyond its body, and hangs', say(`${HEAD}content-length: 9\r\n\r\nx`), reached(200)],
  ['has a negative length, and hangs', say(`${HEAD}content-length: -5\r\n\r\nhello`), reached(200)],
  ['has a length of words, and hangs', say(`${HEAD}content-length: long\r\n\r\nhello`), reached(200)],
  [
    'has two lengths that differ, and hangs',
    say(`${HEAD}content-length: 2\r\ncontent-length: 9\r\n\r\nhello`),
    reached(200),
  ],
  ['never ends a chunk', say(`${HEAD}transfer-encoding: chunked\r\n\r\nff\r\nx`), reached(200)],
];

const ROWS: readonly Row[] = [
  ['resets after the first bytes', reset, RESET],
  ['resets after the first bytes', reset, RESET, TCP],
  ['resets after the first bytes', reset, RESET, GRPC],
  ['closes after the first bytes', close, CLOSED],
  ['closes after the first bytes', close, CLOSED, TCP],
  ['closes after the first bytes', close, CLOSED, GRPC],
  ['resets within the head', sayAndReset(`${HEAD}x: `), NO_ANSWER],
  ['closes within the head', sayAndClose(`${HEAD}x: `), NO_ANSWER],
  ['resets within the body', sayAndReset(`${HEAD}content-length: 9\r\n\r\nx`), reached(200)],
  ['closes within the body', sayAndClose(`${HEAD}content-length: 9\r\n\r\nx`), reached(200)],
  ['speaks another protocol', say('SSH-2.0-x\r\n'), NO_ANSWER],
  ['speaks another protocol', say('SSH-2.0-x\r\n'), NO_ANSWER, GRPC],
  ['speaks its own protocol', say('+PONG\r\n'), { kind: 'reached', transport: 'plaintext' }, TCP],
  ['says one thing and resets', sayAndReset('busy\r\n'), reached(), TCP],
  ['sends garbage', say(GARBAGE), NO_ANSWER],
  ['sends garbage', say(GARBAGE), reached(), TCP],
  ['sends garbage', say(GARBAGE), NO_ANSWER, GRPC],
  ['sends garbage without end', sayForever(GARBAGE), NO_ANSWER],
  ['sends bytes without end', sayForever('x'), reached(), TCP],
  ['sends bytes without end', sayForever('x'), NO_ANSWER, GRPC],
  ['speaks HTTP/0.9', sayAndClose('<html>hello</html>'), NO_ANSWER],
  ['names a version that there is not', say('HTTP/7.3 200 OK\r\n\r\n'), NO_ANSWER],
  ['has a status of letters', say('HTTP/1.1 OK 200\r\n\r\n'), NO_ANSWER],
  ['has a status that nobody knows', say('HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n'), reached(999)],
  ['ends its lines with LF alone', say('HTTP/1.1 200 OK\ncontent-length: 2\n\nok'), reached(200)],
  ['answers twice', say(`${OK}HTTP/1.1 500 Oh\r\n\r\n`), reached(200)],
  ['answers after two interim answers', say(`HTTP/1.1 100 A\r\n\r\nHTTP/1.1 103 B\r\n\r\n${OK}`), reached(200)],
  ['sends interim answers without end', sayForever('HTTP/1.1 103 Early\r\n\r\n'), NO_ANSWER],
  ['has one huge header', say(`${HEAD}x: ${'y'.repeat(20_000)}\r\n\r\n`), NO_ANSWER],
  ['sends headers without end', sayForever('x: yyyyyyyyyyyyyyyy\r\n', HEAD), NO_ANSWER],
  ['has a header without a name', say(`${HEAD}: x\r\n\r\n`), NO_ANSWER],
  ['sends a body without end', sayForever('x', 'HTTP/1.1 500 Oh\r\n\r\n'), reached(500)],
  ['sends more than its length', say(`${HEAD}content-length: 2\r\n\r\nhello`), reached(200)],
  ['sends less than its length, and closes', sayAndClose(`${HEAD}content-length: 9\r\n\r\nx`), reached(200)],
  ['has both a length and chunks', say(`${OK.replace('\r\n\r\nok', '')}\r\n${CHUNKED}0\r\n\r\n`), reached(200)],
  ['has a chunk of no number', say(`${HEAD}${CHUNKED}zz\r\nhello`), reached(200)],
  ['has a chunk of a negative size', say(`${HEAD}${CHUNKED}-5\r\nhello`), reached(200)],
  ['has a chunk of 2^64 bytes', sayForever('x', `${HEAD}${CHUNKED}ffffffffffffffff\r\n`), reached(200)],
  ['never ends the line of a chunk', sayForever('f', `${HEAD}${CHUNKED}`), reached(200)],
  ['sends chunks without end', sayForever('1\r\nx\r\n', `${HEAD}${CHUNKED}`), reached(200)],
  ['has a body where none may be', say('HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello'), reached(204)],
  ['redirects to itself', say('HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n'), reached(302)],
];

function animal([does, behaves, says, probe = HTTP]: Row, isLasting: boolean): Animal {
  return { name: `${probe.kind}: ${does}`, probe, says, isLasting, serve: () => serveTcp(behaves) };
}

export const PLAINTEXT: readonly Animal[] = [
  ...LASTING.map((row) => animal(row, true)),
  ...ROWS.map((row) => animal(row, false)),
];
