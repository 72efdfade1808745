/** What changes of a running sandbox do to callers, drawn for both data planes. */
import type { Change } from '../../deploy/sandbox/change.ts';
import type { Sandbox } from '../../deploy/sandbox/sandbox.ts';
import { call, callFrom, get, podAddress, told } from './sandbox-scenario.ts';

export const REALITY = {
  workloads: {
    'web/front': { dataPlane: 'sidecar' },
    'shop/pay': {
      dataPlane: 'sidecar',
      ports: { 8080: { app: 'http', mode: 'STRICT' }, 9090: { app: 'http', mode: 'uncaptured' } },
      authorization: [{ name: 'nobody', action: 'DENY', from: { principals: ['cluster.local/ns/old/*'] } }],
    },
    'shop/cart': {
      dataPlane: 'sidecar',
      ports: { 8080: { app: 'http', mode: 'PERMISSIVE' } },
      authorization: [{ name: 'web', action: 'DENY', from: { namespaces: ['web'] } }],
    },
    'old/batch': { ports: { 8080: { app: 'http' } } },
  },
  services: {
    'shop/pay': { ports: { 80: { targetPort: 8080, protocol: 'http' } }, endpoints: ['shop/pay'] },
    'shop/cart': { ports: { 80: { targetPort: 8080, protocol: 'http' } }, endpoints: ['shop/cart'] },
    'old/batch': { ports: { 80: { targetPort: 8080, protocol: 'http' } }, endpoints: ['old/batch'] },
  },
};
const WEB = '200 caller=spiffe://cluster.local/ns/web/sa/front';
export const PLAIN = '200 caller=null';
const DOWN =
  '503 upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, ' +
  'transport failure reason: delayed connect error: Connection refused';

/** What a caller without sidecar gets at pay's port, and what one with a sidecar gets of the three services. */
export async function shown(sandbox: Sandbox): Promise<string> {
  const plain = call(podAddress(sandbox, 'shop/pay', 8080), get('/', 'x'));
  const meshed = ['shop/pay', 'shop/cart', 'old/batch'].map((service) => fromWeb(sandbox, service));
  return (await Promise.all([plain.then(told), ...meshed])).map(short).join(' | ');
}

function fromWeb(sandbox: Sandbox, service: string): Promise<string> {
  const [namespace = '', name = ''] = service.split('/');
  const destination = sandbox.network.serviceAddress(service, 80);
  return callFrom(sandbox, 'web/front', destination, get('/', `${name}.${namespace}`)).then(told);
}

/** Answers in a word or two, so that a table shows them. */
function short(told: string): string {
  const known = { [WEB]: 'web', [PLAIN]: 'nobody', [DOWN]: 'down', '403 RBAC: access denied': '403' };
  const failure = /^503 .*TLS_error:\|\d+:[^:]*:OPENSSL_internal:(\w+)/.exec(told)?.[1];
  return known[told] ?? failure ?? told;
}

export const AT_FIRST = 'reset | web | 403 | nobody';

/** Each by itself, from the state at first. */
export const EFFECTS: readonly (readonly [change: Change, shown: string])[] = [
  [{ target: 'shop/pay', port: 8080, mode: 'PERMISSIVE' }, 'nobody | web | 403 | nobody'],
  [{ target: 'shop/pay', port: 8080, mode: 'DISABLE' }, 'nobody | nobody | 403 | nobody'],
  [{ target: 'shop/pay', certificate: 'expired' }, 'reset | CERTIFICATE_VERIFY_FAILED | 403 | nobody'],
  [{ target: 'shop/pay', certificate: 'foreign-root' }, 'reset | CERTIFICATE_VERIFY_FAILED | 403 | nobody'],
  [
    { target: 'shop/pay', identity: 'spiffe://cluster.local/ns/shop/sa/other' },
    'reset | CERTIFICATE_VERIFY_FAILED | 403 | nobody',
  ],
  [{ target: 'shop/cart', authorization: 'off' }, 'reset | web | web | nobody'],
  [{ target: 'shop/pay', port: 8080, app: 'none' }, 'reset | down | 403 | nobody'],
  [{ target: 'old/batch', app: 'none' }, 'reset | web | 403 | down'],
  [{ target: 'web/front', outbound: { to: 'shop/cart', tls: 'DISABLE' } }, 'reset | web | nobody | nobody'],
  [
    { target: 'web/front', outbound: { to: 'old/batch', tls: 'ISTIO_MUTUAL' } },
    'reset | web | 403 | WRONG_VERSION_NUMBER',
  ],
];
