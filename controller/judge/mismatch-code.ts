/** Which cause stands behind a client proxy and a server that do not agree on the transport. */
import type { CauseCode } from './causes.ts';
import type { MeasuredCell } from './measured-cell.ts';
import type { Declared } from './subject.ts';
import { effectiveStep } from './trail-reading.ts';

/** Reads the two ends out of the trail: what the client sends and why, and what the server's port is. */
export function mismatchCode({ target }: Pick<MeasuredCell, 'target'>, { trail }: Declared): CauseCode {
  const client = effectiveStep(trail, 'client');
  const capture = effectiveStep(trail, 'capture')?.result;
  const mode = effectiveStep(trail, 'peer-authentication')?.result;
  if (client?.by === 'raw-tls') return 'MP1021';
  if (client?.result === 'mtls') return serverTakesPlaintext(client.by, capture);
  const isVia = target.kind === 'service' && target.via !== undefined;
  if (isVia && mode !== 'DISABLE') return 'MP1015';
  switch (client?.by) {
    case 'passthrough-cluster':
      return target.kind === 'pod' ? 'MP1012' : 'MP1302';
    case 'namespace-disable':
      return 'MP1022';
    case 'auto-mtls-without-choice':
      return 'MP1012';
    default:
      return 'MP1002';
  }
}

function serverTakesPlaintext(by: string | undefined, capture: string | undefined): CauseCode {
  if (capture === 'bypassed') return 'MP1010';
  if (by === 'auto-mtls-without-choice') return 'MP1012';
  if (capture === 'absent') return by === 'destination-rule' ? 'MP1003' : 'MP1008';
  return 'MP1004';
}
