/** Sweeps that are compared: what they cover is remembered with them, so that only alike is held against alike. */
import { MeshproofError } from '../../proto/errors.ts';
import { baselineOf } from '../gate/baseline.ts';
import type { Baseline, BaselineScope } from '../gate/baseline.ts';
import type { Sweep } from '../judge/finding.ts';
import { addressOf, chosenNamespaces } from './cluster-options.ts';
import type { MeasuringFlags } from './measuring-options.ts';
import type { Session } from './session.ts';

export interface Taken {
  readonly sweep: Sweep;
  readonly baseline: Baseline;
  /** Why it cannot be relied on; empty where it can. */
  readonly doubt: string;
}

/** One sweep of what the flags name. Rejects as `measured`. */
export async function takeSweep(name: string, flags: MeasuringFlags, session: Session): Promise<Taken> {
  const { UNJUDGED, measured } = await import('./matrix-modes.ts');
  const { scope, chosen } = await scopeOf(flags, session);
  const sweep = await measured({ ...chosen, ...UNJUDGED }, session);
  return { sweep, baseline: baselineOf(sweep, name, scope), doubt: doubtOf(sweep) };
}

/** Of a sweep that nothing fails, all that is left to be said against it. */
function doubtOf({ verdict, cells }: Sweep): string {
  return verdict.value === 'inconclusive' && cells.length > 0 ? verdict.why : '';
}

/** What the flags mean, said in full. */
async function scopeOf(
  flags: MeasuringFlags,
  session: Session,
): Promise<{ readonly scope: BaselineScope; readonly chosen: MeasuringFlags }> {
  const { sandbox, hostVantage, inCluster } = flags;
  if (sandbox !== undefined) {
    const { scenarioMeant } = await import('./sandbox-manifests.ts');
    return { scope: { kind: 'sandbox', scenario: (await scenarioMeant(sandbox)).name }, chosen: flags };
  }
  const named = chosenNamespaces(flags);
  const namespaces = named ?? (inCluster === true ? undefined : [await namespaceOfContext(flags, session)]);
  if (namespaces === undefined) {
    throw new MeshproofError('MPE_USAGE', 'which namespaces?', { hint: 'Name them with -n, or give -A for all.' });
  }
  const scope = { kind: 'cluster', namespaces, hostVantage } as const;
  return { scope, chosen: { ...flags, ...namespaceFlags(namespaces) } };
}

async function namespaceOfContext(flags: MeasuringFlags, session: Session): Promise<string> {
  const { connectCluster } = await import('../api-server/connect.ts');
  return (await connectCluster(addressOf(flags), session.env)).namespace;
}

function namespaceFlags(namespaces: readonly string[] | 'all'): Pick<MeasuringFlags, 'namespace' | 'allNamespaces'> {
  return namespaces === 'all' ? { allNamespaces: true } : { namespace: namespaces };
}

/**
 * What was measured for the baseline is measured again, without having to be said again. Throws MPE_USAGE where the flags
 * say otherwise, or where neither says anything: nothing could be told from such a comparison.
 */
export async function flagsAsIn({ name, scope }: Baseline, flags: MeasuringFlags): Promise<MeasuringFlags> {
  if (scope === undefined) {
    if (flags.sandbox !== undefined || chosenNamespaces(flags) !== undefined) return flags;
    throw new MeshproofError('MPE_USAGE', `baseline ${name} does not say what it is of`, {
      hint: 'Say what was measured for it: name its namespaces with -n, -A for all, or --sandbox SCENARIO.',
    });
  }
  if (scope.kind === 'sandbox') {
    const sandbox = flags.sandbox ?? scope.scenario;
    const { scenarioMeant } = await import('./sandbox-manifests.ts');
    const { name: meant } = await scenarioMeant(sandbox);
    if (meant !== scope.scenario) throw otherScope(name, `of sandbox ${scope.scenario}`);
    return { ...flags, sandbox };
  }
  if (flags.sandbox !== undefined) throw otherScope(name, 'of a cluster');
  const wished = chosenNamespaces(flags);
  if (wished !== undefined && !isSame(wished, scope.namespaces)) {
    throw otherScope(name, scope.namespaces === 'all' ? 'of all namespaces' : `of ${scope.namespaces.join(', ')}`);
  }
  if (flags.hostVantage !== false && flags.hostVantage !== scope.hostVantage) {
    throw otherScope(
      name,
      scope.hostVantage === false ? 'without the vantage of a node' : 'of other vantages of nodes',
    );
  }
  return { ...flags, hostVantage: scope.hostVantage, ...namespaceFlags(scope.namespaces) };
}

function isSame(a: readonly string[] | 'all', b: readonly string[] | 'all'): boolean {
  if (a === 'all' || b === 'all') return a === b;
  return new Set([...a, ...b]).size === new Set(a).size && new Set(a).size === new Set(b).size;
}

function otherScope(name: string, what: string): MeshproofError {
  return new MeshproofError('MPE_USAGE', `baseline ${name} is ${what}: only that can be held against it`, {
    hint: 'Leave out what names something else; or save a baseline of it.',
  });
}
