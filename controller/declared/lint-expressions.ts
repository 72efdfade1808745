/** Values of AuthorizationPolicies that Istio makes into regular expressions, and Envoy refuses as such. */
import type { AuthorizationPolicy } from './authorization.ts';
import type { LintFinding } from './lint.ts';
import type { Pod } from './model.ts';
import { fields, list, text, texts } from './reading.ts';
import { expressionOf, namespaceExpression, principalExpression, serviceAccountExpression } from './string-match.ts';

/** The regular expression that a value goes into; null: it goes into none. */
type ExpressionOf = (value: string, policyNamespace: string) => string | null;

const ofPrincipal: ExpressionOf = (value) =>
  value !== '*' && value.startsWith('*') ? principalExpression(value) : null;

const SOURCE_FIELDS: Readonly<Record<string, ExpressionOf>> = {
  principals: ofPrincipal,
  notPrincipals: ofPrincipal,
  namespaces: namespaceExpression,
  notNamespaces: namespaceExpression,
  serviceAccounts: serviceAccountExpression,
  notServiceAccounts: serviceAccountExpression,
};

const WHEN_KEYS: Readonly<Record<string, ExpressionOf>> = {
  'source.principal': ofPrincipal,
  'source.namespace': namespaceExpression,
  'source.serviceAccount': serviceAccountExpression,
};

/**
 * Nothing on the way looks at the expression before Envoy does, which then refuses the listener `virtualInbound` as a whole;
 * the ztunnel makes no expressions. istio: pilot/pkg/security/authz/matcher/string.go:StringMatcherWithPrefix
 */
export function refusedExpressions(policy: AuthorizationPolicy, pods: readonly Pod[]): readonly LintFinding[] {
  const proxied = pods.filter(({ dataPlane }) => dataPlane !== 'naked' && dataPlane !== 'ambient');
  if (proxied.length === 0 || policy.isDryRun) return [];
  const { namespace, name } = policy.ref;
  return list(fields(policy.spec)['rules']).flatMap((rule, index) => {
    const refused = expressionValues(rule).find(([value, expressionFor]) => {
      const expression = expressionFor(value, namespace);
      return expression !== null && expressionOf(expression) === null;
    });
    if (refused === undefined) return [];
    const [value] = refused;
    return [
      {
        reason: 'refused-expression',
        object: { ...policy.ref, path: `spec.rules[${String(index)}]` },
        message: `AuthorizationPolicy ${namespace}/${name} names ${JSON.stringify(value)}, which Istio makes into a regular expression that Envoy refuses: the pods that the policy selects take no inbound configuration any more, and new ones never become ready.`,
        isStricter: true,
        pods: proxied.map(({ key }) => key),
      },
    ];
  });
}

function expressionValues(rule: unknown): readonly (readonly [value: string, expressionFor: ExpressionOf])[] {
  const sources = list(fields(rule)['from']).flatMap((from) => {
    const source = fields(from, 'source');
    return Object.entries(SOURCE_FIELDS).flatMap(([field, make]) =>
      texts(source[field]).map((value) => [value, make] as const),
    );
  });
  const conditions = list(fields(rule)['when']).flatMap((item) => {
    const when = fields(item);
    const make = WHEN_KEYS[text(when['key']) ?? ''];
    if (make === undefined) return [];
    return [...texts(when['values']), ...texts(when['notValues'])].map((value) => [value, make] as const);
  });
  return [...sources, ...conditions];
}
