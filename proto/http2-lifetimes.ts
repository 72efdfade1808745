/**
 * Imported for its effect: no peer can crash this process through HTTP/2.
 *
 * A header block that is still incomplete, or was given up for its size, is memory that nghttp2 has allocated and Node's
 * stream holds. Where both sides of a connection end at once, garbage collection may take the session first, and then
 * Node's destructor aborts the process: `Assertion failed: (current_nghttp2_memory_) == (0)` (node:
 * src/node_http2.cc:Http2Session::~Http2Session; nodejs/node#35233, #39951). A few frames of a hostile target, caller or
 * stranger do that. So the native half of a session is kept until that of each of its streams is gone.
 */
import { subscribe } from 'node:diagnostics_channel';

const STARTS = ['http2.client.stream.start', 'http2.server.stream.start'];
/** What is registered with a stream stays alive until the stream has been collected. */
const kept = new FinalizationRegistry<unknown>(() => undefined);

for (const channel of STARTS) subscribe(channel, keepSession);

function keepSession(started: unknown): void {
  const stream = propertyOf(started, 'stream');
  const native = nativeOf(stream);
  if (native !== undefined) kept.register(native, nativeOf(propertyOf(stream, 'session')));
}

/** Node's own object behind a session or stream, which it hands to nobody and drops too early. */
function nativeOf(half: unknown): object | undefined {
  if (!isObject(half)) return undefined;
  const symbol = Object.getOwnPropertySymbols(half).find(({ description }) => description === 'kHandle');
  const native = symbol === undefined ? undefined : propertyOf(half, symbol);
  return isObject(native) ? native : undefined;
}

function propertyOf(value: unknown, name: string | symbol): unknown {
  return isObject(value) ? Reflect.get(value, name) : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
