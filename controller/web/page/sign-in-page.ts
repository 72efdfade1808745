/** A token for a browser: a form, and the cookie that it sets. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Access } from '../access/access.ts';
import { MAX_TOKEN_CHARACTERS } from '../access/access.ts';
import { cookieOf, noCookie } from '../access/credentials.ts';
import { LOOK } from '../access/guard.ts';
import { frame } from './frame.ts';
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';

export const SIGN_IN = '/sign-in';
const WITHIN_MS = 15_000;

export function addSignIn(app: FastifyInstance, { access }: { readonly access: Access }): void {
  const anyone = { config: { right: 'anyone', isForStandby: true } } as const;
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(String(body))));
  });

  app.get(SIGN_IN, { ...anyone, schema: { hide: true } }, (_request, reply) =>
    reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(signInPage(null)),
  );

  app.post<{ Body: { token: string } }>(
    SIGN_IN,
    {
      ...anyone,
      schema: {
        hide: true,
        body: {
          type: 'object',
          required: ['token'],
          properties: { token: { type: 'string', maxLength: MAX_TOKEN_CHARACTERS } },
        },
      },
    },
    async (request, reply) => {
      const token = request.body.token.trim();
      const admission = await access.admit(token, LOOK, AbortSignal.timeout(WITHIN_MS));
      reply.header('cache-control', 'no-store');
      if (admission.kind === 'admitted') {
        return reply.header('set-cookie', cookieOf(token, isSecure(request))).redirect('/', 303);
      }
      const statusCode = { unauthenticated: 401, forbidden: 403, unavailable: 503 }[admission.kind];
      return reply.code(statusCode).type('text/html; charset=utf-8').send(signInPage(admission.why));
    },
  );

  app.post('/sign-out', { ...anyone, schema: { hide: true } }, (request, reply) =>
    reply.header('set-cookie', noCookie(isSecure(request))).redirect(SIGN_IN, 303),
  );
}

/** Whoever lies about it makes its own cookie useless, and nobody else's. */
function isSecure({ protocol, headers }: FastifyRequest): boolean {
  return protocol === 'https' || headers['x-forwarded-proto'] === 'https';
}

export function signInPage(why: string | null): string {
  return frame({
    title: 'Sign in',
    main: markup`<h1>Sign in</h1>
${why === null ? null : markup`<p class="lead" role="alert">That did not work: ${why}.</p>`}
${signInForm()}`,
  });
}

export function signInForm(): Markup {
  return markup`<form class="sign-in" method="post" action="${SIGN_IN}">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="off" spellcheck="false" required>
<button class="button">Sign in</button>
<p class="quiet">In a cluster: <code>kubectl create token ACCOUNT</code>. Outside: a token of the token file. It is kept in a cookie of this browser until you sign out or close it.</p>
</form>`;
}
