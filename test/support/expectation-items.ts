/** Declared cells made by hand. */
import type { ExpectationItem } from '../../controller/publish/expectation-item.ts';
import { allowed, refusedByStrict } from './sweeps.ts';

const { outcome, transport, identity, decidedBy, trail } = allowed;
const endpoint = { outcome, transport, identity, decidedBy, trail };

export const webToPay: ExpectationItem = {
  id: '1',
  source: 'shop/web',
  target: 'shop/pay',
  port: 8080,
  probe: 'http',
  ...allowed,
  trail: [
    { stage: 'client', result: 'mtls', by: 'auto-mtls' },
    ...refusedByStrict.trail.filter(({ stage }) => stage === 'peer-authentication'),
  ],
};

export const batchToPay: ExpectationItem = {
  id: '2',
  source: 'legacy/batch',
  target: 'shop/pay',
  port: 8080,
  probe: 'http',
  ...refusedByStrict,
};

export const webToMixed: ExpectationItem = {
  id: '3',
  source: 'shop/web',
  target: 'depot/stock',
  port: 80,
  probe: 'http',
  ...allowed,
  expect: 'mixed',
  outcome: 'CLIENT_TLS_MISMATCH',
  transport: 'none',
  endpoints: [
    { ...endpoint, pod: 'depot/stock-1', expect: 'allow' },
    {
      ...endpoint,
      pod: 'depot/stock-2',
      expect: 'deny',
      outcome: 'CLIENT_TLS_MISMATCH',
      transport: 'none',
      decidedBy: { stage: 'client', kind: 'DestinationRule', namespace: 'depot', name: 'stock' },
      trail: [
        {
          stage: 'client',
          result: 'mtls',
          by: 'destination-rule',
          object: { kind: 'DestinationRule', namespace: 'depot', name: 'stock' },
        },
        { stage: 'capture', result: 'absent', by: 'not-injected' },
      ],
    },
  ],
  warnings: ['EnvoyFilter depot/limits may change this flow'],
};
