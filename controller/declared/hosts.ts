/** Host names as Istio's configuration writes them: short names, wildcards, and which of several matches is the closest. */

/** A name without dot is in its object's namespace; everything else stays as it is (istio: pkg/config/model … ResolveShortnameToFQDN). */
export function resolveShortName(host: string, namespace: string, clusterDomain: string): string {
  return host === '*' || host === '' || host.includes('.') ? host : `${host}.${namespace}.svc.${clusterDomain}`;
}

export function isWildcard(host: string): boolean {
  return host.startsWith('*');
}

/** `*.foo` (or `*`) against a name: the text after the asterisk is a suffix. */
export function wildcardMatches(wildcard: string, host: string): boolean {
  return host.length >= wildcard.length - 1 && host.endsWith(wildcard.slice(1));
}

/** Do two host patterns have a name in common? */
export function hostsOverlap(a: string, b: string): boolean {
  if (isWildcard(a) && isWildcard(b)) return a.endsWith(b.slice(1)) || b.endsWith(a.slice(1));
  if (isWildcard(a)) return wildcardMatches(a, b);
  return isWildcard(b) ? wildcardMatches(b, a) : a === b;
}

/** Hosts with a value each, asked for the most specific match: exact, then the longest wildcard. */
export class HostTable<T> {
  readonly #exact = new Map<string, T>();
  #wildcards: (readonly [string, T])[] = [];

  get(host: string): T | undefined {
    if (!isWildcard(host)) return this.#exact.get(host);
    return this.#wildcards.find(([wildcard]) => wildcard === host)?.[1];
  }

  set(host: string, value: T): void {
    if (!isWildcard(host)) {
      this.#exact.set(host, value);
      return;
    }
    const others = this.#wildcards.filter(([wildcard]) => wildcard !== host);
    this.#wildcards = [...others, [host, value] as const].sort(([a], [b]) => b.length - a.length);
  }

  /** istio: pilot/pkg/model/config.go:MostSpecificHostMatch */
  mostSpecific(host: string): T | undefined {
    return this.#exact.get(host) ?? this.#wildcards.find(([wildcard]) => wildcardMatches(wildcard, host))?.[1];
  }

  values(): readonly T[] {
    return [...this.#exact.values(), ...this.#wildcards.map(([, value]) => value)];
  }
}
