/** `/api/v1/gate/…` and `/api/v1/measure/…`: may a rollout go on? */
import type { FastifyInstance } from 'fastify';
import type { WebDeps, WebOptions } from '../deps.ts';
import type { Gate } from '../gates/gate.ts';
import { addArgo } from './gate-argo.ts';
import { addFlagger } from './gate-flagger.ts';

export interface GateRouteDeps extends Pick<WebDeps, 'clock' | 'log'>, Pick<WebOptions, 'requestsPerMinute'> {
  readonly gate: Gate;
}

export function addGates(app: FastifyInstance, deps: GateRouteDeps): void {
  addFlagger(app, deps);
  addArgo(app, deps);
}
