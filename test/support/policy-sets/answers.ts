/** What is compared of a cell: the engine's answer and Envoy's, in the same words. */
import type { Expectation, ObjectRef } from '../../../controller/declared/expectation.ts';
import { refusingRule } from '../istiod/access-log.ts';
import type { LogLine } from '../istiod/access-log.ts';
import type { Attempt } from './attempt.ts';
import type { PolicySet } from './policy-sets.ts';

export interface Answer {
  readonly outcome: Attempt['outcome'];
  /** Of a refusal in HTTP. */
  readonly httpStatus: number | null;
  /** The caller's identity where the server proved it. */
  readonly identity: string | null;
  /** Envoy's id of the rule that let in or refused; `none`: no ALLOW rule matched; null: no policy had a say. */
  readonly rule: string | null;
}

export function declaredAnswer({ outcome, httpStatus, identity, decidedBy, transport }: Expectation): Answer {
  return {
    outcome,
    httpStatus: isAllowed(outcome) ? null : (httpStatus ?? null),
    identity: transport === 'mtls' ? identity : null,
    rule: decidedBy?.stage === 'authorization' ? ruleId(decidedBy) : null,
  };
}

export function measuredAnswer({ outcome, httpStatus }: Attempt, log: readonly LogLine[], set: PolicySet): Answer {
  // Nothing was asked of the identity, then.
  const hasNoIdentity = outcome.startsWith('DENY_TLS') || outcome === 'PROTO_MISMATCH';
  const silent = auditRules(set);
  const matched = log.flatMap((line) => line.matched ?? []).find((rule) => rule !== '' && !silent.has(rule));
  const refusing = log.flatMap((line) => refusingRule(line) ?? [])[0];
  return {
    outcome,
    httpStatus: isAllowed(outcome) ? null : httpStatus,
    identity: hasNoIdentity ? null : (log.flatMap(({ peer }) => peer ?? [])[0] ?? null),
    rule: (isAllowed(outcome) ? matched : refusing) ?? null,
  };
}

/** Which rule let a connection in, the RBAC filter of TCP chains tells nobody. */
export function tellsRule({ outcome }: Answer, log: readonly LogLine[]): boolean {
  return !isAllowed(outcome) || log.some(({ layer }) => layer === 'http');
}

function isAllowed(outcome: string): boolean {
  return outcome.startsWith('ALLOW');
}

function ruleId({ namespace, name, path }: Partial<ObjectRef>): string {
  const index = /^spec\.rules\[(?<index>\d+)\]$/.exec(path ?? '')?.groups?.['index'];
  return index === undefined ? 'none' : `ns[${namespace ?? ''}]-policy[${name ?? ''}]-rule[${index}]`;
}

/** Rules that only write to a log leave their ids in Envoy's metadata, too, where no ALLOW rule comes after them. */
function auditRules({ objects }: PolicySet): ReadonlySet<string> {
  const policies = objects.filter((object) => object.kind === 'AuthorizationPolicy');
  return new Set(
    policies
      .filter(({ spec }) => spec.action === 'AUDIT')
      .flatMap(({ metadata, spec: { rules = [] } }) =>
        rules.map((_, index) => ruleId({ ...metadata, path: `spec.rules[${String(index)}]` })),
      ),
  );
}
