/** Servers that misbehave in HTTP/2, and gRPC answers that lack something. */
import { say, sayAndClose, sayAndReset, sayForever, serveTcp } from '../../support/servers/misbehaving.ts';
import type { Behaviour } from '../../support/servers/misbehaving.ts';
import {
  ALTERNATIVE,
  data,
  frame,
  goAway,
  headers,
  lastHeaders,
  MORE_HEADERS,
  ORIGINS,
  PING,
  PRIORITY,
  PUSH,
  resetStream,
  settings,
  UNKNOWN_FRAME,
  WINDOW_UPDATE,
} from '../../support/servers/frames.ts';
import { CLOSED, GRPC, NO_ANSWER, reached, refused, SILENT } from './animal.ts';
import type { Animal } from './animal.ts';

const GREETING = settings();
const NO_WINDOW = settings([4, 0]);
const ENHANCE_YOUR_CALM = 11;
const SERVING = Buffer.from([0, 0, 0, 0, 2, 0x08, 0x01]);
const HEAD = headers([
  [':status', '200'],
  ['content-type', 'application/grpc'],
]);
const answerOnly = (...list: readonly (readonly [string, string])[]): Buffer =>
  lastHeaders([[':status', '200'], ['content-type', 'application/grpc'], ...list]);
const all = (...frames: readonly Buffer[]): Buffer => Buffer.concat([GREETING, ...frames]);
const flood = (bytes: Buffer): Behaviour => sayForever(bytes, GREETING);

type Row = readonly [does: string, behaves: Behaviour, says: object];

const LASTING: readonly Row[] = [
  ['greets and says no more', say(GREETING), SILENT],
  ['gives our request no window', say(NO_WINDOW), SILENT],
  ['goes away after this request, and hangs', say(all(goAway(1, 0))), SILENT],
  ['stops within a frame', say(all(HEAD.subarray(0, 12))), SILENT],
  ['never ends its headers', say(all(headers([[':status', '200']], { isWhole: false }))), SILENT],
  ['pushes what nobody asked for', say(all(PUSH)), SILENT],
  ['answers and never ends', say(all(HEAD, data(SERVING))), reached(200)],
];

const ROWS: readonly Row[] = [
  ['greets and closes', sayAndClose(GREETING), NO_ANSWER],
  ['greets and resets', sayAndReset(GREETING), NO_ANSWER],
  ['closes within its greeting', sayAndClose(GREETING.subarray(0, 5)), CLOSED],
  ['answers in HTTP/1.1', sayAndClose('HTTP/1.1 400 Bad Request\r\n\r\n'), NO_ANSWER],
  ['goes away before this request', say(all(goAway(0, 0))), NO_ANSWER],
  ['goes away with an error', say(all(goAway(0, ENHANCE_YOUR_CALM))), NO_ANSWER],
  ['goes away without end', flood(goAway(1, 0)), NO_ANSWER],
  ['resets the stream: NO_ERROR', say(all(resetStream(0))), NO_ANSWER],
  ['resets the stream: REFUSED_STREAM', say(all(resetStream(7))), NO_ANSWER],
  ['resets the stream: CANCEL', say(all(resetStream(8))), NO_ANSWER],
  ['resets the stream after its head', say(all(HEAD, resetStream(2))), reached(200)],
  ['sends settings without end', flood(GREETING), NO_ANSWER],
  ['pings without end', flood(PING), NO_ANSWER],
  ['opens its window without end', flood(WINDOW_UPDATE), NO_ANSWER],
  ['sends priorities without end', flood(PRIORITY), NO_ANSWER],
  ['names origins without end', flood(ORIGINS), NO_ANSWER],
  ['names alternatives without end', flood(ALTERNATIVE), NO_ANSWER],
  ['sends unknown frames without end', flood(UNKNOWN_FRAME), NO_ANSWER],
  [
    'continues its headers without end',
    sayForever(MORE_HEADERS, all(headers([[':status', '200']], { isWhole: false }))),
    NO_ANSWER,
  ],
  [
    'has a thousand headers',
    say(all(headers([[':status', '200'], ...Array<readonly [string, string]>(1_000).fill(['x', 'yyyyyy'])]))),
    NO_ANSWER,
  ],
  ['pushes without end', flood(PUSH), NO_ANSWER],
  ['sends a frame beyond the size that was agreed', say(all(frame(0, 0, 1, Buffer.alloc(20_000)))), NO_ANSWER],
  ['sends data before any headers', say(all(data(SERVING))), NO_ANSWER],
  ['sends data without end', sayForever(data(Buffer.alloc(16_000)), all(HEAD)), reached(200)],
  ['sends empty data without end', sayForever(data(Buffer.alloc(0)), all(HEAD)), reached(200)],
  ['has no trailers', say(all(HEAD, data(SERVING, { isLast: true }))), reached(200)],
  ['has trailers without a status', say(all(HEAD, data(SERVING), lastHeaders([['x', 'y']]))), reached(200)],
  ['has a status of letters', say(all(answerOnly(['grpc-status', 'fine']))), reached(200)],
  ['has no such method', say(all(answerOnly(['grpc-status', '12']))), reached(12)],
  ['is an app that forbids', say(all(answerOnly(['grpc-status', '7'], ['grpc-message', 'no']))), reached(7)],
  [
    'denies by policy',
    say(all(answerOnly(['grpc-status', '7'], ['grpc-message', 'RBAC: access denied'], ['server', 'istio-envoy']))),
    { ...refused('application', 'rbac-denied'), status: 7 },
  ],
  [
    'denies by policy without speaking gRPC',
    say(
      all(
        headers([
          [':status', '403'],
          ['server', 'istio-envoy'],
        ]),
        data(Buffer.from('RBAC: access denied'), { isLast: true }),
      ),
    ),
    { ...refused('application', 'rbac-denied'), status: 403 },
  ],
  ['is an app that is busy', say(all(answerOnly(['grpc-status', '14'], ['grpc-message', 'busy']))), reached(14)],
  [
    'is a proxy without anybody behind',
    say(all(answerOnly(['grpc-status', '14'], ['grpc-message', 'no healthy upstream'], ['server', 'envoy']))),
    { ...refused('application', 'no-healthy-upstream'), status: 14 },
  ],
];

/** What the library takes off the socket until we look, ten milliseconds later, at a loopback's pace. */
const MAY_READ = 16 * 1024 * 1024;

function animal([does, behaves, says]: Row, isLasting: boolean): Animal {
  return {
    name: `grpc: ${does}`,
    probe: GRPC,
    says,
    isLasting,
    serve: () => serveTcp(behaves),
    mayRead: MAY_READ,
  };
}

export const HTTP2: readonly Animal[] = [
  ...LASTING.map((row) => animal(row, true)),
  ...ROWS.map((row) => animal(row, false)),
];
