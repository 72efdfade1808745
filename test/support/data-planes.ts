/** Both data planes, for tests that hold them to one table. */
import type { DataPlane } from '../../deploy/sandbox/data-plane.ts';
import { envoyDataPlane } from '../../deploy/sandbox/envoy/data-plane.ts';
import { nodeDataPlane } from '../../deploy/sandbox/node/data-plane.ts';
import { realEnvoy } from './envoy.ts';

/** Of one test; many times what it needs. */
const TIMEOUT_MS = 20_000;

export interface TestedDataPlane {
  readonly title: string;
  /** Test options: skips with the reason where the data plane cannot be had. */
  readonly options: { readonly skip: string | false; readonly timeout: number };
  readonly create: () => DataPlane;
}

export function dataPlanes(): readonly TestedDataPlane[] {
  const envoy = realEnvoy();
  return [
    { title: 'the Node proxies', options: { skip: false, timeout: TIMEOUT_MS }, create: nodeDataPlane },
    {
      title: 'real Envoy',
      options: { skip: 'missing' in envoy ? envoy.missing : false, timeout: TIMEOUT_MS },
      create: () => envoyDataPlane('binary' in envoy ? envoy.binary : ''),
    },
  ];
}
