/** One fresh socket, taken layer by layer under one hard deadline: dns, tcp, tls, application. */
import { connect as connectTcp, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SecureContext, TLSSocket } from 'node:tls';
import type { Layer, PhaseTimings } from '../proto/outcome.ts';
import type { Address } from '../proto/vocabulary.ts';
import { lookUp } from './names.ts';
import { proxyHeader } from './proxy-header.ts';

/** How a connection came to its end, as a fact; classify.ts says what it means. */
export type Ending =
  | { readonly kind: 'complete' }
  /** The peer ended the stream (FIN, or close_notify) before the answer was complete. */
  | { readonly kind: 'end' }
  | { readonly kind: 'error'; readonly error: NodeJS.ErrnoException }
  | { readonly kind: 'deadline' }
  | { readonly kind: 'cancelled' };

export interface ConnectionOptions {
  readonly address: Address;
  /** Where the pod's own sidecar takes outbound traffic; the connection goes there, with `address` as its destination. */
  readonly capture: Address | undefined;
  /** Name servers that are asked where the address is a name; undefined: the system's. */
  readonly nameServers?: readonly string[] | undefined;
  readonly connectTimeoutMs: number;
  /** Of everything from the connection's making to the last byte. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface TlsOptions {
  /** With the client certificate, if any, and the mesh root. */
  readonly context: SecureContext;
  readonly alpn: readonly string[];
  /** Empty: no server name is sent. */
  readonly serverName: string;
}

/** Bytes of an answer that are read at most. */
export const MAX_READ_BYTES = 64 * 1024;
/** Bytes that are read off a socket where a library reads for us, until we see it: handshakes, tickets, frames. */
const MAX_UNSEEN_BYTES = 256 * 1024;
const BOUND_CHECK_MS = 10;

/** Each step resolves to true where its layer stands; otherwise `ending` holds why not. Nothing here throws. */
export class Connection implements Disposable {
  layer: Layer = 'dns';
  /** Set once; the socket is destroyed with it. */
  ending: Ending | undefined;
  socket: Socket | undefined;
  tls: TLSSocket | undefined;
  /** Of the application's bytes, decrypted where there is TLS. */
  bytesReceived = 0;
  #handshakeBytes = 0;
  #isJudgedLater = false;
  readonly #options: ConnectionOptions;
  /** Of the dialling: what was waited for before, a certificate, is no part of the timings. */
  #startedMs = performance.now();
  readonly #ended = Promise.withResolvers<Ending>();
  readonly #deadline: NodeJS.Timeout;
  #boundCheck: NodeJS.Timeout | undefined;
  readonly #phases: { dnsMs?: number; tcpMs?: number; tlsMs?: number; firstByteMs?: number } = {};
  #layerStartedMs = this.#startedMs;
  #totalMs: number | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#deadline = setTimeout(() => {
      this.finish({ kind: 'deadline' });
    }, options.timeoutMs);
    options.signal.addEventListener('abort', this.#cancel);
    if (options.signal.aborted) this.#cancel();
  }

  /** Milliseconds in each layer that was passed. */
  get timings(): PhaseTimings {
    return { ...this.#phases, totalMs: this.#totalMs ?? performance.now() - this.#startedMs };
  }

  /**
   * Whether the server sent anything at all after our side of the handshake was complete: session tickets, a
   * close_notify, an alert, an answer. A server that drops us for our certificate without an alert sends nothing. Up to
   * TLS 1.2 the handshake ends with the server's word, after it has judged our certificate.
   */
  get hasServerFinished(): boolean {
    return !this.#isJudgedLater || (this.socket !== undefined && this.socket.bytesRead > this.#handshakeBytes);
  }

  get isCaptured(): boolean {
    return this.#options.capture !== undefined;
  }

  /** Resolves when the connection has ended, in whatever way. */
  get ended(): Promise<Ending> {
    return this.#ended.promise;
  }

  /** The first ending counts; later ones are its consequences. */
  finish(ending: Ending): void {
    if (this.ending !== undefined) return;
    this.ending = ending;
    this.#totalMs = performance.now() - this.#startedMs;
    clearTimeout(this.#deadline);
    clearInterval(this.#boundCheck);
    this.#options.signal.removeEventListener('abort', this.#cancel);
    this.tls?.destroy();
    this.socket?.destroy();
    this.#ended.resolve(ending);
  }

  [Symbol.dispose](): void {
    this.finish({ kind: 'cancelled' });
  }

  /** Looks the name up, connects, and announces the destination where the connection is captured. */
  async dial(): Promise<boolean> {
    const { capture } = this.#options;
    this.#startedMs = performance.now();
    this.#layerStartedMs = this.#startedMs;
    const destination = await this.#resolve(this.#options.address);
    if (destination === undefined) return false;
    this.#enter('tcp');
    const socket = await this.#connect(capture ?? destination);
    if (socket === undefined) return false;
    this.#phases.tcpMs = this.#sinceLayerStart();
    this.#enter('application');
    if (capture !== undefined) {
      const source = { host: socket.localAddress ?? capture.host, port: socket.localPort ?? 0 };
      socket.write(proxyHeader(source, destination));
    }
    return true;
  }

  /**
   * Completes the client's side of a handshake. The server may still refuse our certificate afterwards: in TLS 1.3 its
   * alert comes after the client is done. The served certificate is not judged here.
   */
  async secure(options: TlsOptions): Promise<boolean> {
    const { socket } = this;
    if (socket === undefined || this.ending !== undefined) return false;
    this.#enter('tls');
    this.boundReading();
    const tls = connectTls({
      socket,
      secureContext: options.context,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ...(options.alpn.length > 0 && { ALPNProtocols: [...options.alpn] }),
      ...(options.serverName !== '' && { servername: options.serverName }),
    });
    // Node would read the whole chain for `checkServerIdentity`, which costs as much as a signature.
    tls.getPeerCertificate = noCertificate;
    this.tls = tls;
    this.#watch(tls);
    const secured = Promise.withResolvers<true>();
    tls.once('secureConnect', () => {
      Reflect.deleteProperty(tls, 'getPeerCertificate');
      secured.resolve(true);
    });
    await Promise.race([secured.promise, this.ended]);
    if (this.#hasEnded()) return false;
    this.#handshakeBytes = socket.bytesRead;
    this.#isJudgedLater = tls.getProtocol() === 'TLSv1.3';
    this.#phases.tlsMs = this.#sinceLayerStart();
    this.#enter('application');
    return true;
  }

  /**
   * Sends the bytes and hands over what comes back until `isComplete` says so, the peer ends, 64 KiB are read, or the
   * deadline passes. Resolves when the connection has ended.
   */
  async exchange(bytes: Buffer, isComplete: (chunk: Buffer) => boolean): Promise<void> {
    const stream = this.tls ?? this.socket;
    if (stream === undefined || this.ending !== undefined) return;
    stream.on('data', (chunk: Buffer) => {
      this.noteBytes(chunk.length);
      if (isComplete(chunk) || this.bytesReceived >= MAX_READ_BYTES) this.finish({ kind: 'complete' });
    });
    stream.write(bytes);
    await this.ended;
  }

  /**
   * Ends the connection soon after 256 KiB have come. For libraries that take things off the socket of which they never
   * tell, and would do so until the deadline: OpenSSL (HelloRequest, session tickets), HTTP/2 (WINDOW_UPDATE, GOAWAY, …).
   */
  boundReading(): void {
    if (this.ending !== undefined) return;
    this.#boundCheck ??= setInterval(() => {
      if ((this.socket?.bytesRead ?? 0) > MAX_UNSEEN_BYTES) this.finish({ kind: 'complete' });
    }, BOUND_CHECK_MS);
  }

  noteBytes(count: number): void {
    if (this.bytesReceived === 0) this.#phases.firstByteMs = this.#sinceLayerStart();
    this.bytesReceived += count;
  }

  async #resolve(address: Address): Promise<Address | undefined> {
    if (this.ending !== undefined) return undefined;
    if (isIP(address.host) !== 0) return address;
    using lookup = lookUp(address.host, this.#options.nameServers);
    const found = lookup.found.catch((error: unknown) => {
      this.finish({ kind: 'error', error: error as NodeJS.ErrnoException });
    });
    const host = await Promise.race([found, this.ended]);
    if (typeof host !== 'string' || this.#hasEnded()) return undefined;
    this.#phases.dnsMs = this.#sinceLayerStart();
    return { host, port: address.port };
  }

  async #connect({ host, port }: Address): Promise<Socket | undefined> {
    const connected = Promise.withResolvers<true>();
    const socket = connectTcp({ host, port, noDelay: true, autoSelectFamily: false });
    this.socket = socket;
    this.#watch(socket);
    socket.once('connect', () => {
      connected.resolve(true);
    });
    const timer = setTimeout(() => {
      this.finish({ kind: 'deadline' });
    }, this.#options.connectTimeoutMs);
    await Promise.race([connected.promise, this.ended]);
    clearTimeout(timer);
    return this.#hasEnded() ? undefined : socket;
  }

  #watch(stream: Socket): void {
    stream.on('error', (error) => {
      this.finish({ kind: 'error', error });
    });
    stream.on('end', () => {
      this.finish({ kind: 'end' });
    });
    stream.on('close', () => {
      this.finish({ kind: 'end' });
    });
  }

  /** A property that changes while we wait, which the compiler cannot know. */
  #hasEnded(): boolean {
    return this.ending !== undefined;
  }

  #enter(layer: Layer): void {
    this.layer = layer;
    this.#layerStartedMs = performance.now();
  }

  #sinceLayerStart(): number {
    return performance.now() - this.#layerStartedMs;
  }

  readonly #cancel = (): void => {
    this.finish({ kind: 'cancelled' });
  };
}

const noCertificate = (() => ({})) as TLSSocket['getPeerCertificate'];
