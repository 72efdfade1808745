/** HTTP routes of VirtualServices (and HTTPRoutes): what a request must look like, and where it then goes. */
import { resolveShortName } from './hosts.ts';
import { fields, integer, isFields, list, text, textMap, texts } from './reading.ts';
import type { Fields } from './reading.ts';
import type { HttpFacts } from './connection.ts';

export interface RouteDestination {
  /** Resolved. */
  readonly host: string;
  readonly subset: string;
  /** Null: the service's only port. */
  readonly port: number | null;
}

export type RouteAction =
  | {
      readonly kind: 'route';
      /** Weight 0 left out. */
      readonly destinations: readonly RouteDestination[];
      readonly rewrite: (request: HttpFacts) => HttpFacts;
    }
  | { readonly kind: 'answer'; readonly httpStatus: number; readonly isRedirect: boolean }
  | { readonly kind: 'unmodelled'; readonly why: string };

export interface RouteContext {
  /** `namespace/name` of the gateway, or `mesh`. */
  readonly gateway: string;
  readonly port: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly namespace: string;
}

export interface HttpRoute {
  readonly path: string;
  readonly matches: (request: HttpFacts, context: RouteContext) => boolean;
  readonly action: RouteAction;
  /** It is for some callers alone, by their labels or their namespace. */
  readonly isOfCaller: boolean;
}

export function readHttpRoutes(value: unknown, namespace: string, clusterDomain: string): readonly HttpRoute[] {
  return list(value).map((entry, index) => {
    const route = fields(entry);
    const conditions = list(route['match']).map((item) => matcher(fields(item), namespace));
    return {
      path: `spec.http[${String(index)}]`,
      matches: (request, context) => conditions.length === 0 || conditions.some((test) => test(request, context)),
      action: actionOf(route, namespace, clusterDomain),
      isOfCaller: list(route['match']).some((item) =>
        ['sourceLabels', 'sourceNamespace'].some((key) => key in fields(item)),
      ),
    };
  });
}

function actionOf(route: Fields, namespace: string, clusterDomain: string): RouteAction {
  if (isFields(route['redirect'])) {
    return { kind: 'answer', httpStatus: integer(route['redirect']['redirectCode']) ?? 301, isRedirect: true };
  }
  if (isFields(route['directResponse'])) {
    return { kind: 'answer', httpStatus: integer(route['directResponse']['status']) ?? 200, isRedirect: false };
  }
  if (isFields(route['delegate'])) return { kind: 'unmodelled', why: 'it delegates to another VirtualService' };
  const abort = fields(route, 'fault', 'abort');
  if (integer(abort['httpStatus']) !== undefined && (fields(abort, 'percentage')['value'] ?? 100) === 100) {
    return { kind: 'answer', httpStatus: integer(abort['httpStatus']) ?? 503, isRedirect: false };
  }
  return {
    kind: 'route',
    destinations: readDestinations(route['route'], namespace, clusterDomain),
    rewrite: rewriter(fields(route, 'rewrite'), list(route['match'])),
  };
}

export function readDestinations(
  value: unknown,
  namespace: string,
  clusterDomain: string,
): readonly RouteDestination[] {
  const entries = list(value);
  return entries.flatMap((entry) => {
    const destination = fields(entry, 'destination');
    const weight = integer(fields(entry)['weight']);
    if (entries.length > 1 && (weight ?? 0) === 0) return [];
    return [
      {
        host: resolveShortName(text(destination['host']) ?? '', namespace, clusterDomain),
        subset: text(destination['subset']) ?? '',
        port: integer(fields(destination, 'port')['number']) ?? null,
      },
    ];
  });
}

/** A prefix match is replaced by the new prefix; any other match by the whole new path. */
function rewriter(rewrite: Fields, matches: readonly unknown[]): (request: HttpFacts) => HttpFacts {
  const authority = text(rewrite['authority']);
  const uri = text(rewrite['uri']);
  const prefixes = matches.flatMap((match) => text(fields(match, 'uri')['prefix']) ?? []);
  return (request) => {
    const prefix = prefixes.find((candidate) => request.path.startsWith(candidate));
    const path =
      uri === undefined ? request.path : prefix === undefined ? uri : uri + request.path.slice(prefix.length);
    return { ...request, path, host: authority ?? request.host };
  };
}

function matcher(match: Fields, namespace: string): HttpRoute['matches'] {
  const isCaseIgnored = match['ignoreUriCase'] === true;
  const uri = stringMatch(match['uri'], isCaseIgnored);
  const method = stringMatch(match['method']);
  const authority = stringMatch(match['authority']);
  const headers = Object.entries(fields(match, 'headers')).map(([name, value]) => [name, presence(value)] as const);
  const without = Object.entries(fields(match, 'withoutHeaders')).map(
    ([name, value]) => [name, presence(value)] as const,
  );
  const query = Object.entries(fields(match, 'queryParams')).map(([name, value]) => [name, presence(value)] as const);
  const port = integer(match['port']);
  const labels = textMap(match['sourceLabels']);
  const sourceNamespace = text(match['sourceNamespace']);
  const gateways = texts(match['gateways']).map((name) =>
    name === 'mesh' || name.includes('/') ? name : `${namespace}/${name}`,
  );
  return (request, context) =>
    uri(withoutQuery(request.path)) &&
    method(request.method) &&
    authority(request.host) &&
    headers.every(([name, test]) => test(request.headers[name.toLowerCase()])) &&
    !without.some(([name, test]) => test(request.headers[name.toLowerCase()])) &&
    query.every(([name, test]) => test(queryValue(request.path, name))) &&
    (port === undefined || port === context.port) &&
    Object.entries(labels).every(([key, value]) => context.labels[key] === value) &&
    (sourceNamespace === undefined || sourceNamespace === context.namespace) &&
    (gateways.length === 0 || gateways.includes(context.gateway));
}

function withoutQuery(path: string): string {
  return path.replace(/[?#].*$/s, '');
}

function queryValue(path: string, name: string): string | undefined {
  const query = /\?([^#]*)/.exec(path)?.[1] ?? '';
  const pair = query.split('&').find((part) => part === name || part.startsWith(`${name}=`));
  return pair?.slice(name.length + 1);
}

function presence(value: unknown): (actual: string | undefined) => boolean {
  const test = stringMatch(value);
  return (actual) => actual !== undefined && test(actual);
}

/** exact, prefix or regex (the whole text); without any of them everything matches. */
function stringMatch(value: unknown, isCaseIgnored = false): (actual: string) => boolean {
  const match = fields(value);
  const fold = (string: string): string => (isCaseIgnored ? string.toLowerCase() : string);
  const exact = text(match['exact']);
  if (exact !== undefined) return (actual) => fold(actual) === fold(exact);
  const prefix = text(match['prefix']);
  if (prefix !== undefined) return (actual) => fold(actual).startsWith(fold(prefix));
  const regex = text(match['regex']);
  if (regex === undefined) return () => true;
  try {
    const expression = new RegExp(`^(?:${regex})$`);
    return (actual) => expression.test(actual);
  } catch {
    // RE2 has forms that JavaScript has not; a pattern that cannot be read matches nothing.
    return () => false;
  }
}
