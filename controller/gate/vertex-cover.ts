/** The smallest set of vertices that touches every edge of a bipartite graph. */

export type Edge = readonly [left: string, right: string];

export interface Cover {
  readonly left: readonly string[];
  readonly right: readonly string[];
}

/**
 * König's theorem: as many as the largest matching has edges. Of the smallest ones, one with as many of the right side as
 * there can be. Sorted.
 */
export function smallestCover(edges: readonly Edge[]): Cover {
  const lefts = Map.groupBy(edges, ([left]) => left);
  const rights = Map.groupBy(edges, ([, right]) => right);
  const partnerOf = largestMatching(lefts);
  const matched = new Map([...partnerOf].map(([right, left]) => [left, right]));
  // From right vertices without a partner, along any edge to the left and along matched ones back.
  const reachedRights = new Set([...rights.keys()].filter((right) => !partnerOf.has(right)));
  const reachedLefts = new Set<string>();
  for (const right of reachedRights) {
    for (const [left] of rights.get(right) ?? []) {
      if (reachedLefts.has(left)) continue;
      reachedLefts.add(left);
      const next = matched.get(left);
      // A set that grows while it is walked through is walked through to its end.
      if (next !== undefined) reachedRights.add(next);
    }
  }
  return {
    left: [...reachedLefts].sort(),
    right: [...rights.keys()].filter((right) => !reachedRights.has(right)).sort(),
  };
}

/** Right to left, by augmenting paths. */
function largestMatching(lefts: ReadonlyMap<string, readonly Edge[]>): ReadonlyMap<string, string> {
  const partnerOf = new Map<string, string>();
  for (const left of lefts.keys()) augment(left, lefts, partnerOf, new Set());
  return partnerOf;
}

function augment(
  left: string,
  lefts: ReadonlyMap<string, readonly Edge[]>,
  partnerOf: Map<string, string>,
  tried: Set<string>,
): boolean {
  for (const [, right] of lefts.get(left) ?? []) {
    if (tried.has(right)) continue;
    tried.add(right);
    const other = partnerOf.get(right);
    if (other === undefined || augment(other, lefts, partnerOf, tried)) {
      partnerOf.set(right, left);
      return true;
    }
  }
  return false;
}
