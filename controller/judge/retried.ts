/** Endpoints that a caller's proxy keeps out of its caller's sight, because it tries another one instead. Pure. */
import type { EndpointExpectation } from '../declared/expectation.ts';
import { perspectiveOf } from './consistent.ts';
import type { MeasuredCell } from './measured-cell.ts';
import { effectiveStep } from './trail-reading.ts';

/**
 * Whether the endpoint is declared to fail while it is connected to. Istio's sidecars retry such requests, twice and at
 * other hosts (istio: pilot/pkg/networking/core/route/retry/retry.go:DefaultPolicy, `connect-failure` and the predicate
 * `previous_hosts`), so that nearly every answer is of an endpoint that works. TCP is not retried.
 */
export function isRetriedElsewhere(
  cell: Pick<MeasuredCell, 'vantage' | 'target' | 'probe'>,
  { expect, outcome, trail }: EndpointExpectation,
): boolean {
  const isRequest = cell.probe.kind === 'http' || cell.probe.kind === 'grpc';
  if (!isRequest || perspectiveOf(cell) !== 'proxied' || expect !== 'deny') return false;
  switch (outcome) {
    case 'APP_DOWN':
    case 'DENY_NETPOL':
      return true;
    case 'CLIENT_TLS_MISMATCH':
      // Plaintext into STRICT is cut after the connection was made, and such cuts are not retried.
      return effectiveStep(trail, 'client')?.result === 'mtls';
    default:
      return false;
  }
}
