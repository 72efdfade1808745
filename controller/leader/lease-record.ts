/** What a Lease says about who leads, and how one is written. Pure. */
import { microTime } from '../api-server/micro-time.ts';
import { fields, integer, text } from '../declared/reading.ts';
import type { Fields } from '../declared/reading.ts';

/** A Lease of the API server (kubernetes: staging/src/k8s.io/api/coordination/v1/types.go:LeaseSpec). */
export interface LeaseRecord {
  /** Empty: nobody's. */
  readonly holder: string;
  /** How long whoever reads it has to wait, from when it was read, before it may be taken from its holder. */
  readonly durationMs: number;
  /** How often it has changed hands. */
  readonly transitions: number;
  /** By the holder's clock; for people only. */
  readonly acquiredAt: string;
  /** Of optimistic concurrency: an update of what has changed since is refused. */
  readonly resourceVersion: string;
}

/** Of a Lease that does not say: as long as ours last. */
const DEFAULT_DURATION_MS = 15_000;

export function readLease(lease: unknown): LeaseRecord {
  const spec = fields(lease, 'spec');
  const seconds = integer(spec['leaseDurationSeconds']);
  return {
    holder: text(spec['holderIdentity']) ?? '',
    durationMs: seconds === undefined ? DEFAULT_DURATION_MS : seconds * 1000,
    transitions: integer(spec['leaseTransitions']) ?? 0,
    acquiredAt: text(spec['acquireTime']) ?? '',
    resourceVersion: text(fields(lease, 'metadata')['resourceVersion']) ?? '',
  };
}

/** `former`: the Lease that this one takes the place of; absent for the first. */
export function leaseObject(
  place: { readonly namespace: string; readonly name: string },
  record: Omit<LeaseRecord, 'resourceVersion'>,
  nowMs: number,
  former: Fields | undefined,
): Fields {
  const version = fields(former, 'metadata')['resourceVersion'];
  return {
    ...former,
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      ...fields(former, 'metadata'),
      name: place.name,
      namespace: place.namespace,
      ...(version !== undefined && { resourceVersion: version }),
    },
    spec: {
      ...fields(former, 'spec'),
      holderIdentity: record.holder,
      leaseDurationSeconds: record.durationMs / 1000,
      leaseTransitions: record.transitions,
      acquireTime: record.acquiredAt,
      renewTime: microTime(nowMs),
    },
  };
}
