/** Flagger as its hooks meet it: the client of a webhook, and a canary that advances when it is told to. */

/** flagger: pkg/apis/flagger/v1beta1/canary.go:CanaryWebhook */
export interface Hook {
  readonly type: string;
  readonly name: string;
  readonly url: string;
  readonly timeout?: string;
  readonly retries?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface Called {
  /** Null: yes. Otherwise what Flagger takes for the reason. */
  readonly error: string | null;
  readonly attempts: number;
}

/**
 * flagger: pkg/controller/webhook.go:callWebhook. Its client (hashicorp/go-retryablehttp: client.go:baseRetryPolicy) tries
 * again after 429, 5xx but 501, and where there is no answer; then it gives up without the body. It follows redirects, as
 * Go's does. A timeout of one character is the default. Between attempts nothing is waited for here.
 */
export async function callWebhook(hook: Hook, payload: object): Promise<Called> {
  const { metadata, timeout = '', retries = 0 } = hook;
  const waitsMs = timeout.length < 2 ? 10_000 : durationMs(timeout);
  const { url, authorization } = target(hook.url);
  const body = JSON.stringify({ ...payload, ...(metadata !== undefined && { metadata }) });
  for (let attempts = 1; ; attempts += 1) {
    const headers = { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) };
    const signal = AbortSignal.timeout(waitsMs);
    const response = await fetch(url, { method: 'POST', headers, body, signal }).catch(() => undefined);
    const text = (await response?.text()) ?? '';
    const status = response?.status ?? 0;
    if (status !== 0 && status !== 429 && (status < 500 || status === 501)) {
      return { error: status > 202 ? text : null, attempts };
    }
    if (attempts > retries) return { error: `POST ${url} giving up after ${String(attempts)} attempt(s)`, attempts };
  }
}

/** Go's client makes Basic credentials of what stands before the host (net/http: client.go:send). */
function target(text: string): { readonly url: string; readonly authorization?: string } {
  const url = new URL(text);
  const { username, password } = url;
  if (username === '' && password === '') return { url: text };
  url.username = '';
  url.password = '';
  return {
    url: url.href,
    authorization: `Basic ${btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)}`,
  };
}

function durationMs(text: string): number {
  const [, count = '', unit = ''] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? [];
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  return Number(count) * (units[unit] ?? Number.NaN);
}

export type Phase =
  'Initialized' | 'Waiting' | 'Progressing' | 'WaitingPromotion' | 'Promoting' | 'Succeeded' | 'Failed';

export interface CanarySpec {
  readonly name: string;
  readonly namespace: string;
  readonly threshold: number;
  readonly maxWeight: number;
  readonly stepWeight: number;
  readonly webhooks: readonly Hook[];
}

/** A canary with a new revision; flagger: pkg/controller/scheduler.go:advanceCanary, scheduler_hooks.go */
export class Canary {
  readonly #spec: CanarySpec;
  phase: Phase = 'Initialized';
  weight = 0;
  failedChecks = 0;
  /** The checksum is of what was applied last: another one as soon as the rollout has begun. */
  #checksum = '5f5c7b9d';
  /** What the events say. */
  readonly events: string[] = [];

  constructor(spec: CanarySpec) {
    this.#spec = spec;
  }

  /** What happens once an interval. */
  async advance(): Promise<void> {
    const { threshold, maxWeight, stepWeight } = this.#spec;
    if (this.phase === 'Succeeded' || this.phase === 'Failed') return;
    if (this.phase === 'Initialized' || this.phase === 'Waiting') {
      if ((await this.#no('confirm-rollout', this.phase)) !== null) {
        this.phase = 'Waiting';
        return;
      }
      this.phase = 'Progressing';
      this.#checksum = '7d9c6c4d';
      return;
    }
    if (this.phase !== 'Promoting' && (await this.#rollsBack())) return;
    if (this.phase === 'Promoting') {
      this.weight = 0;
      this.phase = 'Succeeded';
      return;
    }
    if (this.failedChecks >= threshold) {
      this.phase = 'Failed';
      this.weight = 0;
      return;
    }
    const reason = await this.#no(this.weight === 0 ? 'pre-rollout' : 'rollout', 'Progressing');
    if (reason !== null) {
      this.failedChecks += 1;
      return;
    }
    if ((await this.#no('confirm-traffic-increase', 'Progressing')) !== null) return;
    if (this.weight < maxWeight) {
      this.weight += stepWeight;
      this.events.push(`Advance ${this.#spec.name}.${this.#spec.namespace} canary weight ${String(this.weight)}`);
      return;
    }
    const waits = (await this.#no('confirm-promotion', 'Progressing')) !== null;
    this.phase = waits ? 'WaitingPromotion' : 'Promoting';
  }

  async #rollsBack(): Promise<boolean> {
    for (const hook of this.#hooks('rollback')) {
      if ((await this.#call(hook, this.phase)) !== null) continue;
      this.phase = 'Failed';
      this.weight = 0;
      return true;
    }
    return false;
  }

  /** Null: all hooks of the type say yes. */
  async #no(type: string, phase: Phase): Promise<string | null> {
    for (const hook of this.#hooks(type)) {
      const reason = await this.#call(hook, phase);
      if (reason !== null) return reason;
    }
    return null;
  }

  async #call(hook: Hook, phase: Phase): Promise<string | null> {
    const { name, namespace } = this.#spec;
    const { error } = await callWebhook(hook, { name, namespace, phase, checksum: this.#checksum });
    this.events.push(`${hook.type} ${error === null ? 'passed' : `halted: ${error}`}`);
    return error;
  }

  #hooks(type: string): readonly Hook[] {
    return this.#spec.webhooks.filter((hook) => hook.type === type);
  }
}
