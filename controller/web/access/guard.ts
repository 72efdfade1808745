/** The way in: each route says which right it takes, and one that says nothing lets nobody in. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HttpRefusal } from '../refusal.ts';
import type { Log } from '../log.ts';
import { saidOnce } from '../log.ts';
import { MAX_TOKEN_CHARACTERS } from './access.ts';
import type { Access, Admission, Anonymous, Right } from './access.ts';
import { tokenIn } from './credentials.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `anyone`: no token is asked for. */
    right?: Right | 'anyone';
    /** For whom a late answer is none. @default 15 s */
    admitsWithinMs?: number;
  }
  interface FastifyRequest {
    /** Whom the token stands for; empty where none was needed. */
    caller: string;
  }
}

export const LOOK: Right = { resource: 'matrix', verb: 'get' };
export const LIST_SWEEPS: Right = { resource: 'sweeps', verb: 'get' };
export const ASK_FOR_SWEEP: Right = { resource: 'sweeps', verb: 'create' };

export interface GuardDeps {
  readonly access: Access;
  readonly log: Log;
}

export interface GuardOptions {
  readonly anonymous: Anonymous;
  /** Names that a request may be made to; absent: any. Keeps other sites from posing as this one by their DNS. */
  readonly hostNames?: readonly string[];
}

const ANSWER_WITHIN_MS = 15_000;

/** After the limit of the rate, before a body is read. */
export function addGuard(app: FastifyInstance, deps: GuardDeps, options: GuardOptions): void {
  const warn = saidOnce(deps.log.warn);
  app.decorateRequest('caller', '');
  app.addHook('onRequest', (request, _reply, next) => {
    next(misdirected(request, options.hostNames) ?? foreignSite(request));
  });
  app.addHook('preParsing', async (request, reply) => {
    const { right, admitsWithinMs = ANSWER_WITHIN_MS } = request.routeOptions.config;
    if (right === 'anyone' || request.is404) return;
    const admission = await admit(request, right, { ...deps, ...options, admitsWithinMs });
    if (admission.kind === 'admitted') {
      request.caller = admission.name;
      return;
    }
    warn(`${request.method} ${request.routeOptions.url ?? ''} was refused: ${admission.why}`);
    throw refusalOf(admission, reply);
  });
}

async function admit(
  request: FastifyRequest,
  right: Right | undefined,
  { access, anonymous, admitsWithinMs }: GuardDeps & GuardOptions & { readonly admitsWithinMs: number },
): Promise<Admission> {
  if (right === undefined) return { kind: 'forbidden', name: '', why: 'the route says nothing of who may use it' };
  if (right.verb === 'get' && anonymous === 'read') return { kind: 'admitted', name: '' };
  const token = tokenIn(request.headers);
  if (token === undefined) return { kind: 'unauthenticated', why: 'there is no token in the request' };
  if (token.length > MAX_TOKEN_CHARACTERS) return { kind: 'unauthenticated', why: 'the token is too long' };
  return access.admit(token, right, AbortSignal.timeout(admitsWithinMs));
}

function refusalOf(admission: Exclude<Admission, { kind: 'admitted' }>, reply: FastifyReply): HttpRefusal {
  switch (admission.kind) {
    case 'unauthenticated':
      reply.header('www-authenticate', 'Bearer realm="meshproof"');
      return new HttpRefusal(401, 'MPE_REQUEST_REFUSED', `who asks is not known: ${admission.why}`);
    case 'forbidden':
      return new HttpRefusal(403, 'MPE_REQUEST_REFUSED', admission.why, {
        hint: 'Ask whoever runs the controller for the right.',
      });
    case 'unavailable':
      return new HttpRefusal(503, 'MPE_REQUEST_REFUSED', `who asks cannot be told: ${admission.why}`, {
        hint: 'Try again later.',
      });
  }
}

function misdirected({ hostname }: FastifyRequest, names: readonly string[] | undefined): HttpRefusal | undefined {
  if (names === undefined || names.includes(hostname)) return undefined;
  return new HttpRefusal(421, 'MPE_REQUEST_REFUSED', 'this controller does not go by that name', {
    hint: `Ask for ${names.join(' or ')}.`,
  });
}

/** Browsers say where a request comes from (W3C Fetch Metadata); others cannot be talked into making one. */
function foreignSite({ method, headers }: FastifyRequest): HttpRefusal | undefined {
  const site = headers['sec-fetch-site'];
  if (method === 'GET' || method === 'HEAD' || site === undefined) return undefined;
  if (site === 'same-origin' || site === 'none') return undefined;
  return new HttpRefusal(403, 'MPE_REQUEST_REFUSED', 'another site may not ask for this');
}
