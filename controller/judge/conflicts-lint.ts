/** Objects without effect as conflicts: a warning, or critical where more protection was meant than is in force. */
import { targetKey } from '../../proto/vocabulary.ts';
import type { LintFinding, LintReason } from '../declared/lint.ts';
import type { Mesh } from '../declared/mesh.ts';
import { compareText } from '../declared/order.ts';
import { causeOf, objectName } from './cause.ts';
import type { CauseCode } from './causes.ts';
import type { ConflictDraft } from './conflict-draft.ts';
import type { Cell, Severity } from './finding.ts';
import { routeName } from './sentences.ts';

/** A cell that a lint finding may explain. */
export type OpenCell = Pick<Cell, 'key' | 'drift' | 'vantage' | 'source' | 'target' | 'table'>;

export function isOpenToPlaintext({ expectation }: Cell): boolean {
  return expectation.expect === 'allow' && expectation.transport === 'plaintext';
}

/**
 * `open` are the cells that are open to plaintext. The keys are those of the conflicts that cells show by their trails:
 * an object is reported once.
 */
export function lintConflicts(
  mesh: Mesh,
  open: readonly OpenCell[],
  findings: readonly LintFinding[],
): readonly ConflictDraft[] {
  const byTarget = [...Map.groupBy(open, ({ target, table }) => `${table} ${targetKey(target)}`).values()].map(
    (cells) => ({ cells, pods: podsOf(mesh, cells[0]) }),
  );
  return findings.map((finding) => {
    const code = codeOf(finding);
    const meant = new Set(finding.isStricter ? finding.pods : []);
    const explained = byTarget.filter(({ pods }) => pods.some((pod) => meant.has(pod))).flatMap(({ cells }) => cells);
    const cause = causeOf(code, messageOf(finding, explained), {
      objects: [finding.object, finding.inForce],
      ...fixOf(finding),
    });
    return {
      key: `${code} ${objectName(finding.object)}`,
      severity: severityOf(finding),
      cause,
      cells: explained,
    };
  });
}

/** With a route that shows it, where there is one. */
function messageOf({ message }: LintFinding, explained: readonly OpenCell[]): string {
  const [example] = explained.toSorted((a, b) => compareText(a.key, b.key));
  return example === undefined ? message : `${routeName(example)} is open to plaintext. ${message}`;
}

function fixOf({ object, inForce, isStricter }: LintFinding): { readonly fix?: string } {
  if (!isStricter || inForce === undefined) return {};
  return { fix: `Delete ${objectName(inForce)}, or let it say what ${objectName(object)} says.` };
}

function severityOf({ reason, isStricter }: LintFinding): Severity {
  if (reason === 'http-allow-on-tcp' || reason === 'http-deny-on-tcp') return 'error';
  return isStricter ? 'critical' : 'warning';
}

const CODES: Readonly<Record<LintReason, CauseCode>> = {
  'root-namespace-selector': 'MP1018',
  'younger-duplicate': 'MP1018',
  'selects-nothing': 'MP1018',
  'port-level-without-selector': 'MP1007',
  'service-port-key': 'MP1006',
  'host-resolves-to-nothing': 'MP1019',
  'never-chosen': 'MP1020',
  'subset-without-endpoints': 'MP1303',
  'http-allow-on-tcp': 'MP1206',
  'http-deny-on-tcp': 'MP1207',
  'authorization-service-port': 'MP1208',
  'target-ref-on-sidecar': 'MP1209',
  'refused-expression': 'MP1214',
};

function codeOf({ reason, object, isStricter }: LintFinding): CauseCode {
  const code = CODES[reason];
  if (code !== 'MP1018') return code;
  if (object.kind === 'AuthorizationPolicy') return 'MP1210';
  return isStricter ? 'MP1005' : 'MP1018';
}

/** Pods at whose own ports the cell looks; the sidecar's status port is no port of the workload. */
function podsOf(mesh: Mesh, cell: OpenCell | undefined): readonly string[] {
  if (cell === undefined || cell.table === 'health') return [];
  const { target } = cell;
  if (target.kind === 'pod') return [`${target.namespace}/${target.name}`];
  const service = mesh.servicesByKey.get(`${target.namespace}/${target.name}`);
  const port = service?.ports.find((candidate) => candidate.port === target.port);
  return (port?.endpoints ?? []).flatMap(({ pod }) => (pod === null ? [] : [pod]));
}
