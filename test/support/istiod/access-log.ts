/** What Envoy says of each connection and request: the filter chain's verdict and the rule behind it. */
import { extension } from '../../../deploy/sandbox/envoy/message.ts';
import type { Message } from '../../../deploy/sandbox/envoy/message.ts';
import type { Layer } from './rbac-policy.ts';

export interface LogLine {
  readonly layer: Layer;
  /** `host:port` of both ends. */
  readonly local: string;
  readonly remote: string;
  /** As policies see it: after normalization. */
  readonly path: string | null;
  /** URI of the certificate that was verified. */
  readonly peer: string | null;
  /** Why a request was answered by the proxy itself. */
  readonly details: string | null;
  /** Why a connection was ended by the proxy itself. */
  readonly termination: string | null;
  /** Rule of the last RBAC filter that let pass. */
  readonly matched: string | null;
}

const FORMATS: Readonly<Record<Exclude<keyof LogLine, 'layer' | 'matched'>, string>> = {
  local: '%DOWNSTREAM_LOCAL_ADDRESS%',
  remote: '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%',
  path: '%REQ(:PATH)%',
  peer: '%DOWNSTREAM_PEER_URI_SAN%',
  details: '%RESPONSE_CODE_DETAILS%',
  termination: '%CONNECTION_TERMINATION_DETAILS%',
};

const RBAC = { http: 'envoy.filters.http.rbac', tcp: 'envoy.filters.network.rbac' } as const;

/** For HTTP connection managers, and for listeners. Lines are on disk when Envoy has ended. */
export function accessLogs(path: string): Readonly<Record<Layer, Message>> {
  const log = (layer: Layer): Message =>
    extension('envoy.access_loggers.file', 'envoy.extensions.access_loggers.file.v3.FileAccessLog', {
      path,
      log_format: {
        json_format: { layer, ...FORMATS, matched: `%DYNAMIC_METADATA(${RBAC[layer]}:enforced_effective_policy_id)%` },
      },
    });
  return { http: log('http'), tcp: log('tcp') };
}

export function parseAccessLog(text: string): readonly LogLine[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine);
}

/** The rule that a refusal names, or `none` where no ALLOW rule matched; null where it was no policy's refusal. */
export function refusingRule({ details, termination }: LogLine): string | null {
  const named = /rbac_access_denied_matched_policy\[(?<id>.*)\]$/.exec(details ?? termination ?? '');
  return named?.groups?.['id'] ?? null;
}
