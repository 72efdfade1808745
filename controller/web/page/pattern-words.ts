/** A pattern of the reachability table as a sentence, with where to look. */
import type { Pattern } from './patterns.ts';

const SAYS = {
  exposed: 'is exposed: it is let through, though declared closed',
  blocked: 'is blocked, though declared open',
  downgraded: 'is downgraded: it gets through, but not over mutual TLS as declared',
} as const;

export function patternSentence(pattern: Pattern): string {
  if (pattern.kind === 'diagonal') {
    const across = `all ${String(pattern.cells)} calls between namespaces are refused`;
    return `Calls get through within a namespace only; ${across}: a denial across namespaces.`;
  }
  const { kind, drift, from, to, cells } = pattern;
  const says = `${SAYS[drift]} (${String(cells)} calls)`;
  switch (kind) {
    case 'everything':
      return `Every call ${says}. Look at the mesh as a whole.`;
    case 'source-namespace':
      return `Every call from namespace ${from} ${says}. Look at that namespace as a caller.`;
    case 'target-namespace':
      return `Every call into namespace ${to} ${says}. Look at the policies of that namespace.`;
    case 'block':
      return from === to
        ? `Every call within namespace ${from} ${says}. Look at the policies of that namespace.`
        : `Every call from namespace ${from} into namespace ${to} ${says}. Look at the policies between the two.`;
    case 'source':
      return `Every call from ${from} ${says}. It is this source.`;
    case 'target':
      return `Every call to ${to} ${says}. It is this target.`;
  }
}
