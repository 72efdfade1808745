/** What a query asks for, held against the tables of metrics. It looks at words alone: promtool is who parses. */
import { AGENT_METRICS } from '../../agent/metrics/definitions.ts';
import { CONTROLLER_METRICS } from '../../controller/publish/metrics/definitions.ts';

interface Definition {
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
}

const TABLE: ReadonlyMap<string, Definition> = new Map<string, Definition>(
  Object.entries({ ...AGENT_METRICS, ...CONTROLLER_METRICS }),
);
const SIZES = ['_bucket', '_sum', '_count'];

export interface Asked {
  readonly metrics: readonly string[];
  readonly faults: readonly string[];
  /** Labels that a result can have. */
  readonly results: readonly string[];
}

export function metricsIn(expr: string): Asked {
  const faults: string[] = [];
  const metrics: string[] = [];
  const labels = new Set<string>();
  for (const [, name = '', matchers = ''] of expr.matchAll(/\b(meshproof_\w+)(?:\{([^}]*)\})?/g)) {
    const known = labelsOf(name);
    if (known === undefined) {
      faults.push(`${name} does not exist`);
      continue;
    }
    metrics.push(name);
    for (const label of known) labels.add(label);
    for (const [, label = ''] of matchers.matchAll(/(\w+)\s*[=!]~?\s*"/g)) {
      if (!known.includes(label)) faults.push(`${label} is no label of ${name}`);
    }
  }
  const groups = [...expr.matchAll(/\b(?:by|on|ignoring|without)\s*\(([^)]*)\)/g)].map(([, list = '']) =>
    list.split(',').map((label) => label.trim()),
  );
  for (const label of new Set(groups.flat())) {
    if (!labels.has(label)) faults.push(`${label} is no label of ${metrics.join(', ')}`);
  }
  return { metrics, faults: faults.sort(byKind), results: groups.length === 0 ? [...labels] : groups.flat() };
}

/** What does not exist, before labels of what does. */
function byKind(a: string, b: string): number {
  return Number(b.endsWith('exist')) - Number(a.endsWith('exist'));
}

function labelsOf(name: string): readonly string[] | undefined {
  const plain = TABLE.get(name);
  if (plain !== undefined) return plain.type === 'histogram' ? undefined : Object.keys(plain.labels);
  const size = SIZES.find((ending) => name.endsWith(ending));
  const histogram = size === undefined ? undefined : TABLE.get(name.slice(0, -size.length));
  if (histogram?.type !== 'histogram') return undefined;
  return [...Object.keys(histogram.labels), ...(size === '_bucket' ? ['le'] : [])];
}
