/** What webhooks are remembered by: where they go, whatever order they are given in. */
import { createHash } from 'node:crypto';

/**
 * One for each URL, all different: a hash of its origin and path. User, password and query may hold secrets, and change
 * with them; so that of several that differ by these only, the first comes first.
 */
export function webhookNames(urls: readonly string[]): readonly string[] {
  const seen = new Map<string, number>();
  return urls.map((text, index) => {
    const name = `webhook-${URL.canParse(text) ? hashOf(new URL(text)) : String(index + 1)}`;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name}-${String(count)}`;
  });
}

/** A path may be a secret, too: nothing can be made of so little of its hash. */
function hashOf({ origin, pathname }: URL): string {
  return createHash('sha256').update(`${origin}${pathname}`).digest('hex').slice(0, 8);
}
