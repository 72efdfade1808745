/** grpc.health.v1.Health/Check over cleartext HTTP/2, as the status server asks an app. */
import http2 from 'node:http2';
import { once } from 'node:events';
import type { Address } from '../../proto/vocabulary.ts';

/** An empty HealthCheckRequest: uncompressed, no bytes. */
const EMPTY_REQUEST = Buffer.from([0, 0, 0, 0, 0]);
/** HealthCheckResponse {status: SERVING}, with its five bytes of frame. */
const SERVING = Buffer.from([0, 0, 0, 0, 2, 0x08, 0x01]);

/** True only where the app answers SERVING in time. */
export async function checkGrpcHealth({ host, port }: Address, timeoutMs: number): Promise<boolean> {
  const session = http2.connect(`http://${host}:${String(port)}`);
  session.on('error', () => undefined);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  try {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    const ended = once(stream, 'end', { signal: AbortSignal.timeout(timeoutMs) });
    stream.end(EMPTY_REQUEST);
    await ended;
    return Buffer.concat(chunks).equals(SERVING);
  } catch {
    // No answer is not SERVING.
    return false;
  } finally {
    session.destroy();
  }
}
