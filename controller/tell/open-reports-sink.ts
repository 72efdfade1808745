/** A sink that keeps policy reports in the cluster: what stands in them is the matrix as of the end of a sweep. */
import { createHash } from 'node:crypto';
import type { Clock } from '../../proto/clock.ts';
import { fields, list, text } from '../declared/reading.ts';
import type { Current } from '../monitor/current.ts';
import { REPORT_NAME, REPORT_NAMES, ofCurrent, reportsOf } from '../publish/open-reports.ts';
import type { Report, ReportApi, ReportNames } from '../publish/open-reports.ts';
import { toldBy, unasked } from './cluster-request.ts';
import type { AskCluster, ClusterAnswer, ClusterRequest } from './cluster-request.ts';
import { Pacer } from './pacer.ts';
import { TOLD } from './sink.ts';
import type { Sink, Told } from './sink.ts';

export interface OpenReportsDeps {
  readonly ask: AskCluster;
  readonly clock: Clock;
  readonly debug: (message: string) => void;
}

export interface OpenReportsOptions {
  /** @default openreports */
  readonly api?: ReportApi;
  /** @default 500 */
  readonly maxResults?: number;
  /** Reports are written so often at most, whatever the interval of the sweeps. @default 60 s */
  readonly everyMs?: number;
}

/** Reports in which nothing changed are written again after so long, to show that somebody still looks. */
const REFRESH_MS = 600_000;
const PACE = { burst: 10, perSecond: 5 };
const PATIENCE_MS = 120_000;

interface Written {
  readonly digest: string;
  readonly atMs: number;
}

/**
 * Applies them server-side, as field manager `meshproof`. A report whose namespace has no target any more is deleted.
 * Where a namespace does not take its report (it is being deleted), the others are written all the same.
 */
export function openReportsSink(deps: OpenReportsDeps, options: OpenReportsOptions = {}): Sink {
  return new OpenReports(deps, options);
}

class OpenReports implements Sink {
  readonly name = 'policy-reports';
  readonly patienceMs = PATIENCE_MS;
  readonly #deps: OpenReportsDeps;
  readonly #options: Required<OpenReportsOptions>;
  readonly #pacer: Pacer;
  /** By the path of the report; null: nobody has looked yet which are there. */
  #written: Map<string, Written> | null = null;
  readonly #names: ReportNames;
  #doneAtMs = -Infinity;

  constructor(deps: OpenReportsDeps, { api = 'openreports', maxResults = 500, everyMs = 60_000 }: OpenReportsOptions) {
    this.#deps = deps;
    this.#options = { api, maxResults, everyMs };
    this.#names = REPORT_NAMES[api];
    this.#pacer = new Pacer(deps.clock, PACE);
  }

  readonly tell: Sink['tell'] = async ({ event }, current, signal) => {
    const nowMs = this.#deps.clock.monotonicMs();
    if (event.kind !== 'sweep' || nowMs - this.#doneAtMs < this.#options.everyMs) return TOLD;
    const told = await this.#tell(current, signal);
    // What is rejected is not tried with each sweep either.
    if (told.kind !== 'away') this.#doneAtMs = nowMs;
    return told;
  };

  async #tell(current: Current, signal: AbortSignal): Promise<Told> {
    try {
      if (this.#written === null) {
        const found = await this.#found(signal);
        if (found === null) return { kind: 'rejected', why: `the cluster has no ${this.#names.apiVersion}` };
        this.#written = found;
      }
      return await this.#write(this.#written, current, signal);
    } catch (error) {
      return unasked(error, signal);
    }
  }

  async #write(written: Map<string, Written>, current: Current, signal: AbortSignal): Promise<Told> {
    const reports = reportsOf(ofCurrent(current), this.#options);
    const byPath = new Map(reports.map((report) => [pathOf(report), report]));
    for (const [path, report] of byPath) {
      const digest = digestOf(report);
      const nowMs = this.#deps.clock.monotonicMs();
      const before = written.get(path);
      if (before?.digest === digest && nowMs - before.atMs < REFRESH_MS) continue;
      const told = toldBy(await this.#apply(report, path, signal), path);
      if (told.kind === 'away') return told;
      if (told.kind !== 'told') this.#deps.debug(`policy report not written: ${told.why}`);
      written.set(path, { digest, atMs: nowMs });
    }
    for (const path of [...written.keys()].filter((one) => !byPath.has(one))) {
      const answer = await this.#ask({ verb: 'delete', ...resourceAt(path), path }, signal);
      if (answer.status >= 500) return toldBy(answer, path);
      written.delete(path);
    }
    return TOLD;
  }

  async #apply(report: Report, path: string, signal: AbortSignal): Promise<ClusterAnswer> {
    const query = new URLSearchParams({ fieldManager: 'meshproof', force: 'true' });
    const request: ClusterRequest = {
      verb: 'patch',
      ...resourceAt(path),
      path: `${path}?${query.toString()}`,
      body: report,
      // Any JSON is YAML.
      contentType: 'application/apply-patch+yaml',
    };
    return this.#ask(request, signal);
  }

  /**
   * Reports of an earlier process, so that none outlives what it reports on; where they may not be looked at, only those
   * of this one are deleted. Null: there is no such API.
   */
  async #found(signal: AbortSignal): Promise<Map<string, Written> | null> {
    const { apiVersion, namespaced, cluster } = this.#names;
    const [apiGroup = ''] = apiVersion.split('/');
    const paths: string[] = [];
    for (const resource of [pluralOf(namespaced), pluralOf(cluster)]) {
      const query = new URLSearchParams({ labelSelector: 'app.kubernetes.io/managed-by=meshproof' });
      const path = `/apis/${apiVersion}/${resource}?${query.toString()}`;
      try {
        const { status, body } = await this.#ask({ verb: 'list', apiGroup, resource, path }, signal);
        if (status === 404) return null;
        paths.push(...namespacesIn(body).map((namespace) => pathIn(apiVersion, resource, namespace)));
      } catch (error) {
        if (unasked(error, signal).kind !== 'rejected') throw error;
      }
    }
    return new Map(paths.map((path) => [path, { digest: '', atMs: -Infinity }]));
  }

  async #ask(request: ClusterRequest, signal: AbortSignal): Promise<ClusterAnswer> {
    await this.#pacer.turn(signal);
    return this.#deps.ask(request, signal);
  }
}

/** Of the reports that bear our name; undefined: of the one without. */
function namespacesIn(body: unknown): readonly (string | undefined)[] {
  return list(fields(body)['items'])
    .map((item) => fields(item, 'metadata'))
    .filter(({ name }) => name === REPORT_NAME)
    .map(({ namespace }) => text(namespace));
}

function pathOf({ apiVersion, kind, metadata: { namespace } }: Report): string {
  return pathIn(apiVersion, pluralOf(kind), namespace);
}

function pathIn(apiVersion: string, resource: string, namespace: string | undefined): string {
  const place = namespace === undefined ? '' : `/namespaces/${namespace}`;
  return `/apis/${apiVersion}${place}/${resource}/${REPORT_NAME}`;
}

function resourceAt(path: string): Pick<ClusterRequest, 'apiGroup' | 'resource' | 'namespace'> {
  const [, , apiGroup = '', , ...rest] = path.split('/');
  const [namespaces, namespace = '', resource = ''] = rest;
  if (namespaces === 'namespaces') return { apiGroup, resource, namespace };
  return { apiGroup, resource: namespaces ?? '' };
}

function pluralOf(kind: string): string {
  return `${kind.toLowerCase()}s`;
}

/** Of what it says, not of when. */
function digestOf({ summary, results }: Report): string {
  const said = results.map((result) => ({ ...result, timestamp: null }));
  return createHash('sha256')
    .update(JSON.stringify([summary, said]))
    .digest('hex');
}
