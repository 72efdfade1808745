/** A declared state that tests change as they like, and agents that see what is declared, or what a test says. */
import type { K8sObject, Snapshot } from '../../controller/declared/objects.ts';
import type { StateSource } from '../../controller/snapshot/state-source.ts';
import type { Outcome } from '../../proto/outcome.ts';
import { ANSWER, peerAuthentication, placed, pod, refusal, service } from '../unit/controller/judge/live-mesh.ts';
import { PulsingLauncher } from './pulsing-launcher.ts';

export const STRICT = peerAuthentication('shop/default', 'STRICT');
export const RESET = refusal('application', 'reset');
export { ANSWER };

const READY = { readinessProbe: { httpGet: { path: '/', port: 8080 } } };

/** `shop/pay` is meshed and STRICT, `legacy/open` is not meshed; `legacy/batch` and `legacy/cron` call both. */
export const SHOP: readonly K8sObject[] = [
  pod('shop/pay', { container: READY }),
  service('shop/pay'),
  pod('legacy/batch', { isMeshed: false }),
  pod('legacy/cron', { isMeshed: false }),
  pod('legacy/open', { isMeshed: false }),
  service('legacy/open'),
  STRICT,
];

export const BATCH_TO_PAY = 'legacy/batch (naked) → shop/pay:80';
export const BATCH_TO_OPEN = 'legacy/batch (naked) → legacy/open:80';
export const CRON_TO_PAY = 'legacy/cron (naked) → shop/pay:80';

/** What is declared; rejects as long as there is a fault. */
export class HeldSource implements StateSource {
  fault: Error | undefined;
  #snapshot: Snapshot;
  #syncedAtMs = 0;
  readonly #nowMs: () => number;

  constructor(objects: readonly K8sObject[] = SHOP, nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
    this.#snapshot = { objects, digest: 'first', warnings: [] };
  }

  declare(...objects: readonly K8sObject[]): void {
    this.#snapshot = { objects, digest: `${this.#snapshot.digest}+`, warnings: [] };
  }

  readonly current = (): Promise<Snapshot> => {
    if (this.fault !== undefined) return Promise.reject(this.fault);
    this.#syncedAtMs = this.#nowMs();
    return Promise.resolve(this.#snapshot);
  };

  readonly syncedAtMs = (): number => this.#syncedAtMs;
}

/** By `vantage → target`; the rest is as declared at first. */
export type Seen = Map<string, Outcome>;

export function pulsingShop(
  seen: Seen = new Map(),
  nowMs: () => number = Date.now,
  unplaced: ReadonlySet<string> = new Set(),
): PulsingLauncher {
  return new PulsingLauncher({
    places: [placed('legacy/batch', 'naked'), placed('legacy/cron', 'naked')],
    truth: (vantage, target) => seen.get(`${vantage} → ${target}`) ?? (target === 'shop/pay:80' ? RESET : ANSWER),
    nowMs,
    unplaced,
  });
}
