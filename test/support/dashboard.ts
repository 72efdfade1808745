/** The dashboard as it is shipped, as far as tests look at it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface DashboardQuery {
  readonly panel: string;
  /** With Grafana's own variables replaced by durations. */
  readonly expr: string;
  readonly legend: string;
}

export interface Panel {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly type: string;
  readonly datasource: { readonly type: string; readonly uid: string };
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly fieldConfig: { readonly defaults: { readonly unit?: string } };
  readonly targets: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly legendFormat: string;
    readonly datasource: { readonly type: string; readonly uid: string };
  }[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
}

export function readDashboard(): Dashboard {
  const file = join(import.meta.dirname, '../../deploy/grafana/meshproof.json');
  return JSON.parse(readFileSync(file, 'utf8')) as Dashboard;
}

export function dashboardQueries(): readonly DashboardQuery[] {
  return readDashboard().panels.flatMap(({ title, targets }) =>
    targets.map(({ expr, legendFormat }) => ({
      panel: title,
      expr: expr.replaceAll('$__rate_interval', '1m'),
      legend: legendFormat,
    })),
  );
}
