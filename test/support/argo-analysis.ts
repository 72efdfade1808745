/** Argo Rollouts as a web metric meets it: one measurement, and the analysis that is made of several. */

/** argo-rollouts: pkg/apis/rollouts/v1alpha1/analysis_types.go:Metric, of what is used here. */
export interface Metric {
  readonly name: string;
  readonly interval?: string;
  readonly count?: number;
  readonly successCondition?: string;
  readonly failureCondition?: string;
  readonly failureLimit?: number;
  readonly inconclusiveLimit?: number;
  readonly consecutiveErrorLimit?: number;
  readonly consecutiveSuccessLimit?: number;
  readonly provider: {
    readonly web: {
      readonly url: string;
      readonly method?: string;
      readonly timeoutSeconds?: number;
      readonly headers?: readonly { readonly key: string; readonly value: string }[];
      readonly jsonPath?: string;
      readonly jsonBody?: object;
    };
  };
}

export type Phase = 'Successful' | 'Failed' | 'Inconclusive' | 'Error';

/** `{{args.name}}` by its value (argo-rollouts: utils/template/template.go, which escapes nothing). */
export function withArguments<T>(template: T, values: Readonly<Record<string, string>>): T {
  const text = JSON.stringify(template).replaceAll(/\{\{ *args\.([\w.-]+) *\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`argument ${name} has no value`);
    return JSON.stringify(value).slice(1, -1);
  });
  return JSON.parse(text) as T;
}

/** argo-rollouts: metricproviders/webmetric/webmetric.go:Run */
export async function measure({ provider, ...metric }: Metric): Promise<Phase> {
  const { url, method = 'GET', timeoutSeconds = 0, headers = [], jsonPath = '{$}', jsonBody } = provider.web;
  if (jsonPath !== '{$}') throw new Error(`jsonPath ${jsonPath} is not known here`);
  if (jsonBody !== undefined && method === 'GET') return 'Error';
  const sent = new Headers(headers.map(({ key, value }): [string, string] => [key, value]));
  if (jsonBody !== undefined) sent.set('content-type', 'application/json');
  const response = await fetch(url, {
    method,
    headers: sent,
    ...(jsonBody !== undefined && { body: JSON.stringify(jsonBody) }),
    signal: AbortSignal.timeout((timeoutSeconds > 0 ? timeoutSeconds : 10) * 1000),
  }).catch(() => undefined);
  if (response === undefined || !response.ok) return 'Error';
  const text = await response.text();
  let result: unknown;
  try {
    result = JSON.parse(text);
  } catch {
    return 'Successful'; // So it is: "non JSON body return as string".
  }
  return evaluate(result, metric);
}

/** argo-rollouts: utils/evaluate/evaluate.go:EvaluateResult */
export function evaluate(
  result: unknown,
  { successCondition = '', failureCondition = '' }: Pick<Metric, 'successCondition' | 'failureCondition'>,
): Phase {
  try {
    const isSuccess = successCondition !== '' && holds(result, successCondition);
    const isFailure = failureCondition !== '' && holds(result, failureCondition);
    if (successCondition === '' && failureCondition === '') return 'Successful';
    if (failureCondition === '') return isSuccess ? 'Successful' : 'Failed';
    if (isFailure) return 'Failed';
    return successCondition === '' || isSuccess ? 'Successful' : 'Inconclusive';
  } catch {
    return 'Error';
  }
}

/** Of antonmedv/expr: `result.a == "text"` or a number, joined by `&&`. A field that is not there is an error. */
function holds(result: unknown, condition: string): boolean {
  return condition.split('&&').every((part) => {
    const [, field = '', operator = '', literal = ''] =
      /^ *result\.(\w+) *(==|!=|>|<=) *(".*"|[\d.]+|true|false) *$/.exec(part) ?? [];
    if (operator === '') throw new Error(`condition ${part} is not known here`);
    if (typeof result !== 'object' || result === null || !(field in result)) throw new Error(`no ${field}`);
    const value = (result as Readonly<Record<string, unknown>>)[field];
    const wanted: unknown = JSON.parse(literal);
    if (operator === '==') return value === wanted;
    if (operator === '!=') return value !== wanted;
    // Comparing a text, or nothing, with a number is an error of expr's.
    if (typeof value !== 'number' || typeof wanted !== 'number') throw new Error(`${field} is no number`);
    return operator === '>' ? value > wanted : value <= wanted;
  });
}

/** argo-rollouts: analysis/analysis.go:runMeasurements, assessMetricStatus, assessMetricFailureInconclusiveOrError */
export class Analysis {
  readonly #metric: Metric;
  readonly #counts: Record<Phase, number> = { Successful: 0, Failed: 0, Inconclusive: 0, Error: 0 };
  #consecutive = { errors: 0, successes: 0 };
  phase: Phase | 'Running' = 'Running';

  constructor(metric: Metric) {
    this.#metric = metric;
  }

  add(phase: Phase): void {
    const { errors, successes } = this.#consecutive;
    this.#counts[phase] += 1;
    this.#consecutive = {
      errors: phase === 'Error' ? errors + 1 : 0,
      successes: phase === 'Successful' ? successes + 1 : 0,
    };
    this.phase = this.#assess();
  }

  #assess(): Phase | 'Running' {
    const {
      failureLimit = 0,
      inconclusiveLimit = 0,
      consecutiveErrorLimit = 4,
      consecutiveSuccessLimit = 0,
    } = this.#metric;
    const { Failed, Inconclusive, Successful } = this.#counts;
    if (this.#consecutive.errors > consecutiveErrorLimit) return 'Error';
    if (Inconclusive > inconclusiveLimit) return 'Inconclusive';
    if (failureLimit >= 0 && Failed > failureLimit) return 'Failed';
    if (consecutiveSuccessLimit > 0 && this.#consecutive.successes >= consecutiveSuccessLimit) return 'Successful';
    // Without an interval there is one measurement (analysis_types.go:EffectiveCount).
    const count = this.#metric.count ?? (this.#metric.interval === undefined ? 1 : Infinity);
    if (Failed + Inconclusive + Successful < count) return 'Running';
    if (consecutiveSuccessLimit === 0) return 'Successful';
    return failureLimit >= 0 ? 'Inconclusive' : 'Failed';
  }
}

/** What becomes of the Rollout (argo-rollouts: rollout/analysis.go:reconcileStepBasedAnalysisRun). */
export const OUTCOME: Readonly<Record<Phase | 'Running', 'goes on' | 'aborts' | 'pauses' | 'waits'>> = {
  Running: 'waits',
  Successful: 'goes on',
  Inconclusive: 'pauses',
  Failed: 'aborts',
  Error: 'aborts',
};
