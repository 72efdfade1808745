/** A planned cell that tests vary: a naked caller asks a Service. */
import type { PlannedCell } from '../../controller/plan/cell.ts';

export function plannedCell(
  more: Pick<PlannedCell, 'attempts' | 'connectTimeoutMs' | 'timeoutMs'> & Partial<PlannedCell>,
): PlannedCell {
  return {
    table: 'reachability',
    key: 'legacy/batch (naked) → shop/pay:80 http GET /',
    route: {
      vantage: { namespace: 'legacy', serviceAccount: 'batch', dataPlane: 'naked' },
      target: { kind: 'service', namespace: 'shop', name: 'pay', port: 80 },
      probe: { kind: 'http', method: 'GET', path: '/' },
    },
    source: 'legacy/batch',
    authority: 'pay.shop.svc.cluster.local:80',
    serverName: '',
    peerIdentities: [],
    ...more,
  };
}
