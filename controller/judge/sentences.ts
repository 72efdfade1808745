/** Phrases that messages are put together from. */
import type { Outcome } from '../../proto/outcome.ts';
import { probePodName, targetKey } from '../../proto/vocabulary.ts';
import { objectPlace } from './cause.ts';
import type { Decider, ObjectRef } from '../declared/expectation.ts';
import type { MeasuredCell } from './measured-cell.ts';
import type { Declared } from './subject.ts';
import { decidersOf, effectiveStep } from './trail-reading.ts';

/** `legacy/batch`: the workload, or the service account that a probe pod of ours speaks for. */
export function callerName({ source, vantage }: Pick<MeasuredCell, 'source' | 'vantage'>): string {
  const { namespace, serviceAccount } = vantage;
  return source === `${namespace}/${probePodName(vantage)}` ? `${namespace}/${serviceAccount}` : source;
}

/** `legacy/batch → shop/pay:8080`. */
export function routeName(cell: Pick<MeasuredCell, 'source' | 'vantage' | 'target'>): string {
  return `${callerName(cell)} → ${targetKey(cell.target)}`;
}

/** `1 route`, `3 routes`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${String(count)} ${count === 1 ? one : many}`;
}

/** `A`, `A and B`, `A, B and C`. */
export function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}

/** What was seen, to stand after the route: `answered in plaintext`, `was refused (reset, application)`. */
export function seen(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'reached':
      return `answered${outcome.transport === 'plaintext' ? ' in plaintext' : ''}`;
    case 'refused':
      return `was refused (${outcome.signature}${outcome.status === undefined ? '' : ` ${String(outcome.status)}`}, ${outcome.layer} layer)`;
    case 'silent':
      return `got no answer within ${String(outcome.afterMs)} ms (${outcome.layer} layer)`;
    case 'untested':
      return 'was not measured';
  }
}

/** What is declared, to stand after "although": `PeerAuthentication shop/default says STRICT`. */
export function said(declared: Declared): string {
  const { decidedBy, trail, outcome } = declared;
  const deciders = speakersOf(decidedBy);
  const objects = listed(deciders.map(objectPlace));
  if (declared.expect === 'allow') {
    if (objects === '') return 'nothing declared forbids it';
    return `${objects} ${deciders.length > 1 ? 'let' : 'lets'} it through`;
  }
  const mode = effectiveStep(trail, 'peer-authentication')?.result;
  if (objects === '')
    return mode === undefined ? `it is declared closed (${outcome})` : `the port is ${mode} by default`;
  const word = wordOf(decidedBy, trail);
  return word === undefined ? `${objects} ${deciders.length > 1 ? 'deny' : 'denies'} it` : `${objects} says ${word}`;
}

/** Where one object decides by name, the others that it lists stand beside it and have not said the same. */
function speakersOf(decider: Decider | null): readonly ObjectRef[] {
  if (decider?.kind === undefined || decider.name === undefined) return decidersOf(decider);
  return decidersOf({ ...decider, objects: [] });
}

/** A mode speaks for itself; everything else denies. */
function wordOf(decider: Decider | null, trail: Declared['trail']): string | undefined {
  if (decider?.kind === 'PeerAuthentication') return effectiveStep(trail, 'peer-authentication')?.result;
  if (decider?.kind !== 'DestinationRule') return undefined;
  const client = effectiveStep(trail, 'client');
  return client?.note ?? client?.result;
}
