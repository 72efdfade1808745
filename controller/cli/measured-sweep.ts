/** The sweep that a command shows a part of: kept in a file, or measured now in a cluster. */
import { readFile } from 'node:fs/promises';
import { MeshproofError } from '../../proto/errors.ts';
import type { Cell, Sweep } from '../judge/finding.ts';
import type { ClusterFlags } from './cluster-options.ts';
import { addressOf, ownNamespaceOf } from './cluster-options.ts';
import type { Namespaces } from './cluster-options.ts';
import { nearest } from '../gate/nearest.ts';
import { parseSweep } from './sweep-text.ts';
import type { Session } from './session.ts';

export interface MeasuredFlags extends ClusterFlags {
  readonly fromSweep?: string;
}

/** Of a live sweep; it covers a few namespaces. */
const TIMEOUT_MS = 300_000;

export async function sweepFor(
  flags: MeasuredFlags,
  namespaces: Namespaces | undefined,
  session: Session,
): Promise<Sweep> {
  const { fromSweep } = flags;
  if (fromSweep === undefined) {
    const { sweepFromAfar } = await import('./cluster-from-afar.ts');
    const ownNamespace = ownNamespaceOf(flags, session);
    const options = { address: addressOf(flags), ownNamespace, namespaces, timeoutMs: TIMEOUT_MS, args: [] };
    return sweepFromAfar(options, session, session.signal);
  }
  let text: string;
  try {
    text = await readFile(fromSweep, 'utf8');
  } catch (cause) {
    throw new MeshproofError('MPE_UNREADABLE_INPUT', `${fromSweep} cannot be read`, { cause });
  }
  return parseSweep(text, fromSweep);
}

export interface RouteWishes {
  /** `namespace/name`: of the workload that stands for the vantage, or of its service account. */
  readonly source?: string;
  /** `namespace/service`. */
  readonly service?: string;
  readonly port?: number;
}

/** Calls of services, in the order of the sweep. Throws MPE_USAGE for names that the sweep does not hold. */
export function callsIn({ cells }: Sweep, { source, service, port }: RouteWishes): readonly Cell[] {
  const calls = cells.filter(({ table, target }) => table === 'reachability' && target.kind === 'service');
  if (source !== undefined) checkName(source, calls.flatMap(sourceNames), 'source');
  if (service !== undefined) checkName(service, calls.map(serviceName), 'service');
  return calls.filter(
    (cell) =>
      (source === undefined || sourceNames(cell).includes(source)) &&
      (service === undefined || serviceName(cell) === service) &&
      (port === undefined || cell.target.port === port),
  );
}

function sourceNames({ source, vantage: { namespace, serviceAccount } }: Cell): readonly string[] {
  return [source, `${namespace}/${serviceAccount}`];
}

function serviceName({ target: { namespace, name } }: Cell): string {
  return `${namespace}/${name}`;
}

function checkName(name: string, known: readonly string[], what: string): void {
  if (known.includes(name)) return;
  const close = nearest(name, [...new Set(known)]);
  throw new MeshproofError('MPE_USAGE', `the sweep has no ${what} ${name}`, {
    hint: close === undefined ? 'Name one that it measured, as namespace/name.' : `Did you mean ${close}?`,
  });
}
