/** The alerts against the metrics that exist and against their page; what they do is for promtool to say. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { metricsIn } from '../../support/promql.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface RuleTest {
  readonly promql_expr_test?: readonly { readonly expr: string; readonly exp_samples?: readonly unknown[] }[];
  readonly alert_rule_test?: readonly { readonly alertname: string; readonly exp_alerts?: readonly unknown[] }[];
}

const ROOT = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const { groups } = parse(read('deploy/alerts/meshproof.rules.yaml')) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const { tests } = parse(read('deploy/alerts/meshproof.rules.test.yaml')) as { readonly tests: readonly RuleTest[] };
const rules = groups.flatMap((group) => group.rules);

/** Alert, severity, `for`. */
const ALERTS = [
  ['Exposed', 'critical', undefined],
  ['PlaintextAccepted', 'critical', undefined],
  ['PlaintextAccepted', 'warning', undefined],
  ['Blocked', 'warning', '2m'],
  ['BroadOutage', 'critical', '1m'],
  ['ServedCertificateExpiring', 'warning', '10m'],
  ['Flapping', 'warning', '10m'],
  ['NoController', 'critical', '1m'],
  ['MatrixStale', 'critical', '1m'],
  ['CoverageLow', 'warning', '5m'],
  ['AgentsLost', 'warning', '2m'],
  ['OutcomesDropped', 'warning', '10m'],
  ['SchedulerOverrun', 'warning', '10m'],
  ['SelfNoise', 'warning', '5m'],
  ['PolicyViewStale', 'warning', '1m'],
] as const;

t.test('there are these alerts', (t) => {
  t.strictSame(
    rules.map((rule) => [rule.alert, rule.labels['severity'], rule.for]),
    ALERTS,
  );
  t.equal(new Set(rules.map(({ alert }) => alert)).size, 14);
  t.equal(rules.find(({ alert }) => alert === 'Exposed')?.keep_firing_for, '10m');
  t.end();
});

for (const { alert, expr, labels, annotations } of rules) {
  t.test(`${alert} (${labels['severity'] ?? ''}) asks for what exists, and says what to do`, (t) => {
    t.strictSame(metricsIn(expr).faults, []);
    t.equal(labels['product'], 'meshproof');
    t.ok((annotations['summary'] ?? '').length > 10);
    t.match(annotations['description'], /\.$/);
    t.equal(annotations['runbook_url'], `docs/alerts.md#${alert.toLowerCase()}`);
    for (const text of Object.values(annotations)) {
      for (const [, label = ''] of text.matchAll(/\$labels\.(\w+)/g)) {
        t.ok(metricsIn(expr).results.includes(label), `${label} is there to be told`);
      }
    }
    t.end();
  });
}

t.test('every alert has a paragraph on its page, and the page no other', (t) => {
  const page = read('docs/alerts.md');
  const [, paragraphs = ''] = page.split('## What to do\n');
  const sections = [...paragraphs.matchAll(/^### (\w+)\n\n(\S)/gm)].map(([, name]) => name);
  t.strictSame(sections.sort(), [...new Set(rules.map(({ alert }) => alert))].sort());
  t.end();
});

t.test('every alert has a test in which it fires and one in which it does not', (t) => {
  for (const alert of new Set(rules.map((rule) => rule.alert))) {
    const seen = tests.flatMap((one) => [
      ...(one.promql_expr_test ?? [])
        .filter(({ expr }) => expr.includes(`alertname="${alert}"`))
        .map(({ exp_samples }) => exp_samples?.length ?? 0),
      ...(one.alert_rule_test ?? [])
        .filter(({ alertname }) => alertname === alert)
        .map(({ exp_alerts }) => exp_alerts?.length ?? 0),
    ]);
    t.ok(
      seen.some((count) => count > 0),
      `${alert} fires`,
    );
    t.ok(seen.includes(0), `${alert} does not`);
  }
  t.end();
});
