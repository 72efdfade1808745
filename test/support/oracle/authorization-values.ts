/** How the values of AuthorizationPolicy fields match, one function a syntax. */
import { isInBlock } from './addresses.ts';

export { isInBlock };

/** `*` for anything that is there, a star in front or behind, otherwise exactly. */
export function matchesText(pattern: string, text: string): boolean {
  if (pattern === '*') return text !== '';
  if (pattern.startsWith('*')) return text.endsWith(pattern.slice(1));
  if (pattern.endsWith('*')) return text.startsWith(pattern.slice(0, -1));
  return text === pattern;
}

export function matchesHost(pattern: string, host: string): boolean {
  return matchesText(pattern.toLowerCase(), host.toLowerCase());
}

/** The template's `{*}` is one segment, `{**}` any number of them, none included. */
export function matchesPath(pattern: string, path: string): boolean {
  if (!pattern.includes('{')) return matchesText(pattern, path);
  const expression = pattern
    .split(/(\{\*\*\}|\{\*\})/)
    .map((part) => ({ '{**}': '.*', '{*}': '[^/]+' })[part] ?? part.replace(/[.+?^$()|[\]\\]/g, '\\$&'))
    .join('');
  return new RegExp(`^${expression}$`).test(path);
}

/** An identity as authorization sees it: with its scheme; nobody matches nothing. */
export function matchesPrincipal(pattern: string, identity: string | null): boolean {
  if (identity === null) return false;
  if (pattern === '*') return true;
  if (pattern.startsWith('*')) return new RegExp(`^spiffe://.*${pattern.slice(1)}$`).test(identity);
  if (pattern.endsWith('*')) return identity.startsWith(`spiffe://${pattern.slice(0, -1)}`);
  return identity === `spiffe://${pattern}`;
}

export function matchesNamespace(pattern: string, identity: string | null): boolean {
  return identity !== null && new RegExp(`^.*/ns/${pattern.replaceAll('*', '.*')}/.*$`).test(identity);
}

export function matchesServiceAccount(pattern: string, identity: string | null, ownNamespace: string): boolean {
  const [namespace, name] = pattern.includes('/') ? pattern.split('/') : [ownNamespace, pattern];
  const expression = `^spiffe://.+/ns/${namespace ?? ''}/(.+/|)sa/${name ?? ''}(/.+)?$`;
  return identity !== null && new RegExp(expression).test(identity);
}

/**
 * A principal of five parts whose trust domain is the mesh's, an alias, or literally `cluster.local` stands for the
 * mesh's and every alias (istio: pilot/pkg/security/trustdomain/bundle.go).
 */
export function withAliases(pattern: string, trustDomains: readonly string[]): readonly string[] {
  const [domain = '', ...rest] = pattern.split('/');
  if (rest.length !== 4 || domain === '*') return [pattern];
  const isKnown = domain === 'cluster.local' || trustDomains.some((known) => matchesText(domain, known));
  if (!isKnown) return [pattern];
  return trustDomains.map((known) =>
    domain.startsWith('*') && known.endsWith(domain.slice(1)) ? pattern : [known, ...rest].join('/'),
  );
}
