/** What others have counted since they began. */
import type { IngestResult, Monitored } from '../../monitor/monitored.ts';
import { DroppedOutcomes } from './dropped-outcomes.ts';
import type { Instruments } from './instruments.ts';

const INGEST_RESULTS: readonly IngestResult[] = ['counted', 'repeated', 'late', 'unasked', 'refused'];
const POLICY_KINDS = [
  'PeerAuthentication',
  'AuthorizationPolicy',
  'DestinationRule',
  'RequestAuthentication',
  'NetworkPolicy',
  'Service',
];

export interface Totals extends Disposable {
  readonly show: () => void;
}

/** Watches the agents until it is disposed. */
export function totals(instruments: Instruments, monitored: Monitored): Totals {
  const outcomes = instruments.counter('meshproof_ingest_outcomes_total');
  const refused = instruments.counter('meshproof_refused_streams_total');
  const rejected = instruments.counter('meshproof_policy_parse_errors_total');
  const dropped = new DroppedOutcomes();
  const look = (): void => {
    dropped.see(monitored.current().agents);
  };
  look();
  // An agent may come and go between two scrapes.
  const stopListening = monitored.onChange(look);
  return {
    show: (): void => {
      look();
      const ingested = monitored.ingested();
      outcomes.reset();
      for (const result of INGEST_RESULTS) outcomes.inc({ result }, ingested[result]);
      outcomes.inc({ result: 'dropped' }, dropped.total);
      refused.reset();
      refused.inc(monitored.refusedStreams());
      rejected.reset();
      for (const kind of [...POLICY_KINDS, 'other']) rejected.inc({ kind }, 0);
      for (const [kind, count] of Object.entries(monitored.rejectedObjects())) {
        rejected.inc({ kind: POLICY_KINDS.includes(kind) ? kind : 'other' }, count);
      }
    },
    [Symbol.dispose]: stopListening,
  };
}
