/** Where a request carries its token: in the Authorization header, or in the cookie that the sign-in form sets. */
import type { IncomingHttpHeaders } from 'node:http';

export const COOKIE = 'meshproof_token';

/** Of a cookie that a browser keeps while it runs. */
const ATTRIBUTES = 'Path=/; HttpOnly; SameSite=Strict';

/** The header counts where both are there. */
export function tokenIn({ authorization, cookie }: IncomingHttpHeaders): string | undefined {
  if (authorization !== undefined) return /^Bearer +(\S+)$/i.exec(authorization)?.[1];
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

function decoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined; // Not one that we have set.
  }
}
