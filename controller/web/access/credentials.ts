/** Where a request carries its token: in the Authorization header, or in the cookie that the sign-in form sets. */
import type { IncomingHttpHeaders } from 'node:http';

export const COOKIE = 'meshproof_token';

/** Of a cookie that a browser keeps while it runs. */
const ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Strict';

/**
 * The header counts where both are there. The password of Basic credentials (RFC 7617) is a token as well: Flagger sends no
 * headers of one's choice, but what stands in the URL of a hook (https://meshproof:TOKEN@…).
 */
export function tokenIn({ authorization, cookie }: IncomingHttpHeaders): string | undefined {
  if (authorization !== undefined) return /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? passwordIn(authorization);
  for (const pair of (cookie ?? '').split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if (name === COOKIE && value !== undefined && value !== '') return decoded(value);
  }
  return undefined;
}

export function cookieOf(token: string, isSecure: boolean): string {
  return `${COOKIE}=${encodeURIComponent(token)}; ${ATTRIBUTES}${isSecure ? '; Secure' : ''}`;
}

export function noCookie(isSecure: boolean): string {
  return `${COOKIE}=; ${ATTRIBUTES}; Max-Age=0${isSecure ? '; Secure' : ''}`;
}

function passwordIn(authorization: string): string | undefined {
  const [, encoded] = /^Basic +([\w+/]+=*)$/i.exec(authorization) ?? [];
  if (encoded === undefined) return undefined;
  return /^[^:]*:(\S+)$/.exec(Buffer.from(encoded, 'base64').toString())?.[1];
}

function decoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined; // Not one that we have set.
  }
}
