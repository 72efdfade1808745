/** Paths of a Kubernetes API: what a request asks for, and what a server says of its kinds. */
import type { IncomingMessage } from 'node:http';
import type { Seen } from './faults.ts';
import type { Resource } from './resources.ts';

export interface Parsed {
  readonly seen: Seen;
  readonly resource: Resource | null;
  readonly name: string | null;
}

/** `plural` of a question for kinds is its path. */
export function parse(
  { url = '/', headers }: Pick<IncomingMessage, 'url' | 'headers'>,
  resources: readonly Resource[],
): Parsed {
  const { authorization = '' } = headers;
  const { pathname, searchParams } = new URL(url, 'http://fake');
  const query = Object.fromEntries(searchParams);
  const parts = pathname.split('/').filter((part) => part !== '');
  const versionParts = parts[0] === 'api' ? 2 : 3;
  const discovered = { verb: 'discover', plural: pathname, namespace: null, query, authorization } as const;
  if (parts.length <= versionParts) return { seen: discovered, resource: null, name: null };
  const apiVersion = parts.slice(1, versionParts).join('/');
  const rest = parts.slice(versionParts);
  const isNamespaced = rest[0] === 'namespaces' && rest.length > 2;
  const [plural = '', name = null] = isNamespaced ? rest.slice(2) : rest;
  const namespace = isNamespaced ? (rest[1] ?? null) : null;
  const resource = resources.find((known) => known.apiVersion === apiVersion && known.plural === plural) ?? null;
  const verb = name !== null ? 'get' : query['watch'] === 'true' ? 'watch' : 'list';
  return { seen: { verb, plural, namespace, query, authorization }, resource, name };
}

/** Null: there is no such group. */
export function discovery(path: string, resources: readonly Resource[]): unknown {
  const versions = [...new Set(resources.map(({ apiVersion }) => apiVersion))];
  if (path === '/version') return { major: '1', minor: '34', gitVersion: 'v1.34.1' };
  if (path === '/apis') {
    const groups = Map.groupBy(
      versions.filter((version) => version.includes('/')),
      (version) => version.split('/', 1)[0] ?? '',
    );
    return {
      kind: 'APIGroupList',
      groups: [...groups].map(([name, found]) => ({
        name,
        versions: found.map((groupVersion) => ({ groupVersion, version: groupVersion.split('/')[1] })),
      })),
    };
  }
  const apiVersion = path.replace(/^\/apis?\//, '');
  if (!versions.includes(apiVersion)) return null;
  return {
    kind: 'APIResourceList',
    groupVersion: apiVersion,
    resources: resources
      .filter((resource) => resource.apiVersion === apiVersion)
      .flatMap(({ kind, plural, isNamespaced: namespaced }) => [
        { name: plural, kind, namespaced },
        { name: `${plural}/status`, kind, namespaced },
      ]),
  };
}
