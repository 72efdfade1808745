/** The page of every metric, from the tables that the metrics themselves are made of. */
import { AGENT_METRICS } from '../agent/metrics/definitions.ts';
import { CONTROLLER_METRICS } from '../controller/publish/metrics/definitions.ts';
import { SERIES_LIMITS } from '../controller/publish/metrics/limits.ts';

interface Definition {
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly help: string;
  readonly buckets?: readonly number[];
}

export function metricsLines(): readonly string[] {
  const { drifting, namespaces, certificates, routes } = SERIES_LIMITS;
  return [
    'Base units throughout: seconds, and seconds since 1970. No label ever holds the name of a pod that has an owner, an',
    'address, a URL, an error text or the id of a sweep, and no metric holds a secret. Alerts on these metrics are in',
    '[alerts.md](alerts.md), a dashboard is in `deploy/grafana/meshproof.json`.',
    '',
    '## Controller',
    '',
    'Served by `meshproof serve` at `/metrics`. States are looked up when they are asked for: what belongs to a target that was',
    'deleted is gone with the next scrape. Counters and histograms begin at nought with the process.',
    '',
    'What grows with the mesh is limited, and `meshproof_series_suppressed` says how many series were kept back:',
    '',
    `- \`meshproof_route_drift\`: ${String(drifting)} series, exposed routes first;`,
    `- \`meshproof_namespace_routes\`: ${String(namespaces)} series; past that, namespaces become \`_other\`, and sums stay right;`,
    `- \`meshproof_served_certificate_expiry_timestamp_seconds\`: ${String(certificates)} series, the first to end first;`,
    `- \`meshproof_route\`, where it is asked for: ${String(routes)} series, drift first.`,
    '',
    ...table(CONTROLLER_METRICS),
    '',
    '## Agent',
    '',
    'Served at `/metrics` of the address in `MESHPROOF_METRICS` (`host:port`), in plaintext, and not at all where that is not',
    'set. Alerts do without them: what matters of an agent it tells its controller.',
    '',
    ...table(AGENT_METRICS),
  ];
}

function table(definitions: Readonly<Record<string, Definition>>): readonly string[] {
  return [
    '| metric | type | labels | what it says |',
    '|---|---|---|---|',
    ...Object.entries(definitions).map(([name, { type, labels, help, buckets }]) => {
      const bounds = buckets === undefined ? '' : ` Buckets from ${String(buckets[0])} to ${String(buckets.at(-1))} s.`;
      return `| \`${name}\` | ${type} | ${labelWords(labels)} | ${help}${bounds} |`;
    }),
  ];
}

function labelWords(labels: Definition['labels']): string {
  return Object.entries(labels)
    .map(([name, takes]) => `\`${name}\`: ${takes}`)
    .join('<br>');
}
