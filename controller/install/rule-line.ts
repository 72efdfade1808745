/** A right as the line of a Role or ClusterRole that grants it. */

export interface Rule {
  readonly apiGroup: string;
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** One item of `rules`, in YAML that can be pasted as it is. */
export function ruleLine({ apiGroup, resources, verbs }: Rule): string {
  return `- { apiGroups: [${quoted([apiGroup])}], resources: [${quoted(resources)}], verbs: [${quoted(verbs)}] }`;
}

function quoted(words: readonly string[]): string {
  return words.map((word) => JSON.stringify(word)).join(', ');
}
