/** Baselines drawn as lines: `legacy/batch (naked) → shop/pay:80 http: closed agrees`. */
import type { Baseline, BaselineCell, BaselineConflict, Measured } from '../../controller/gate/baseline.ts';
import type { Drift, Table } from '../../controller/judge/finding.ts';

const LINE = /^(?:(transport|health) )?(\S+ \([a-z]+\)) → (\S+)(?: (.+?))?: (\S+)(?: (\S+))?(?: (MP1\d{3}))?$/;

export function cellOf(line: string): BaselineCell {
  const [, table = 'reachability', vantage = '', target = '', probe = 'http', measured = '', drift = 'agrees', cause] =
    LINE.exec(line.trim()) ?? [];
  if (vantage === '') throw new Error(`no cell: ${line}`);
  return {
    identity: `${table} ${vantage} → ${target} ${probe}`,
    table: table as Table,
    vantage,
    target,
    probe,
    expect: 'allow',
    measured: measured as Measured,
    drift: drift as Drift,
    cause: cause ?? null,
    message: cause === undefined ? '' : `${vantage} → ${target} is ${drift}.`,
    fix: '',
    objects: [],
    attempts: 1,
    isFlapping: false,
  };
}

export function baseline(lines: string, more: Partial<Baseline> = {}): Baseline {
  const cells = lines.split('\n').flatMap((line) => (line.trim() === '' ? [] : [cellOf(line)]));
  return {
    version: 1,
    name: 'before',
    sweepId: 'sweep',
    startedAt: '2026-03-01T12:00:00.000Z',
    finishedAt: '2026-03-01T12:00:05.000Z',
    snapshotDigest: 'digest',
    cells: cells.toSorted((a, b) => (a.identity < b.identity ? -1 : 1)),
    conflicts: [],
    ...more,
  };
}

export function conflict(code: string, more: Partial<BaselineConflict> = {}): BaselineConflict {
  const objects = [{ kind: 'PeerAuthentication', namespace: 'shop', name: 'default' }];
  return {
    severity: 'critical',
    code,
    objects,
    message: `${code} of shop/default.`,
    fix: 'Mend it.',
    cells: [],
    ...more,
  };
}
