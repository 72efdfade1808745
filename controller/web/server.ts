/** The web server before it has routes: limits, headers, errors, the way in, and the description of it all. */
import type { Socket } from 'node:net';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import Fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { VERSION } from '../../proto/version.ts';
import { addGuard } from './access/guard.ts';
import type { WebDeps, WebOptions } from './deps.ts';
import type { Log } from './log.ts';
import { saidOnce } from './log.ts';
import { errorPage } from './page/error-page.ts';
import { answerTo, HttpRefusal, notFound, problem } from './refusal.ts';
import { SCHEMAS } from './schema/monitored.ts';

const BODY_BYTES = 65_536;
const HEAD_BYTES = 16_384;
const HEADERS_WITHIN_MS = 10_000;
const HANDSHAKE_WITHIN_MS = 10_000;
const REQUEST_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 5000;
/** Fastify hands `http` to a server without TLS only. */
const LIMITS = {
  headersTimeout: HEADERS_WITHIN_MS,
  connectionsCheckingInterval: LOOK_EVERY_MS,
  maxHeaderSize: HEAD_BYTES,
};
const IDLE_MS = 30_000;
/** Keys of routes stand in paths. */
const PATH_CHARACTERS = 2048;
const LOOPBACK = ['localhost', '127.0.0.1', '::1', '[::1]'];

export async function makeServer(deps: Pick<WebDeps, 'access' | 'log'>, options: WebOptions): Promise<FastifyInstance> {
  const { listen, anonymous, requestsPerMinute = 1200 } = options;
  const isLocal = LOOPBACK.includes(listen.host);
  const app: FastifyInstance = Fastify({
    logger: false,
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_WITHIN_MS,
    keepAliveTimeout: IDLE_MS,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: PATH_CHARACTERS },
    clientErrorHandler: answerMalformed,
    ajv: { customOptions: { removeAdditional: false, coerceTypes: 'array', allErrors: false } },
    ...(listen.tls === undefined
      ? { http: LIMITS }
      : { https: { ...LIMITS, ...listen.tls, handshakeTimeout: HANDSHAKE_WITHIN_MS } }),
  });
  // Schemas describe answers and tests hold them to it; a serializer made of them would silently drop what they lack.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  for (const schema of SCHEMAS) app.addSchema(schema);
  addErrors(app, deps.log);
  await app.register(helmet, headersFor(listen.tls !== undefined));
  await app.register(rateLimit, {
    max: requestsPerMinute,
    timeWindow: 60_000,
    errorResponseBuilder: (_request, { after }) =>
      new HttpRefusal(429, 'MPE_OVERLOADED', `that is more than ${String(requestsPerMinute)} requests a minute`, {
        hint: `Ask again in ${after}.`,
      }),
  });
  await app.register(swagger, { openapi: DESCRIPTION, refResolver: { buildLocalReference: nameOf } });
  addGuard(app, deps, { anonymous, ...(isLocal && { hostNames: LOOPBACK }) });
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, ({ method, url }) => {
    throw notFound(`there is nothing at ${method} ${url.split('?')[0] ?? ''}`);
  });
  return app;
}

const DESCRIPTION = {
  openapi: '3.1.0',
  info: {
    title: 'Meshproof',
    version: VERSION,
    description: 'What a mesh lets through, measured, and held against what its policy declares. All times are UTC.',
  },
  components: { securitySchemes: { bearer: { type: 'http' as const, scheme: 'bearer' } } },
  security: [{ bearer: [] }],
};

function nameOf(json: { readonly $id?: unknown }, _base: unknown, _fragment: unknown, at: number): string {
  return typeof json.$id === 'string' ? json.$id : `schema-${String(at)}`;
}

/** Nothing of the page stands in its HTML, so that nothing that gets into it by mistake is run or shown. */
function headersFor(isTls: boolean): object {
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: isTls,
    xFrameOptions: { action: 'deny' },
  };
}

function addErrors(app: FastifyInstance, log: Log): void {
  const warn = saidOnce(log.warn);
  app.setErrorHandler((error, request, reply) => {
    const { statusCode, problem: answer } = answerTo(error);
    if (statusCode === 500) {
      warn(`${request.method} ${request.routeOptions.url ?? request.url} failed: ${String(error)}`);
      log.debug(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    reply.code(statusCode).header('cache-control', 'no-store');
    if (!isForReaders(request)) return reply.send(answer);
    return sendErrorPage(reply, statusCode, answer);
  });
}

function sendErrorPage(reply: FastifyReply, statusCode: number, answer: ReturnType<typeof problem>): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(errorPage(statusCode, answer));
}

function isForReaders({ url, headers }: FastifyRequest): boolean {
  return !url.startsWith('/api/') && (headers.accept ?? '').includes('text/html');
}

/**
 * What is not HTTP, or comes too late; there is no request to answer to. What goes wrong before there is anything to be
 * HTTP (a handshake that does not end) cannot be answered: such an answer would wait for the handshake.
 */
function answerMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!/^(HPE|ERR_HTTP)_/.test(error.code ?? '') || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, why] = MALFORMED[error.code ?? ''] ?? ['400 Bad Request', 'the request is not HTTP'];
  const body = JSON.stringify(problem('MPE_BAD_REQUEST', why));
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${String(Buffer.byteLength(body))}`;
  socket.end(`${head}\r\nConnection: close\r\n\r\n${body}`);
  socket.destroySoon();
}

const MALFORMED: Readonly<Record<string, readonly [status: string, why: string] | undefined>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request did not come in time'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers are too large'],
};
