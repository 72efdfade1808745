/** Why a cell is refused as declared: the answer to "is it STRICT that blocks me?". */
import { targetKey } from '../../proto/vocabulary.ts';
import type { EndpointExpectation, OutcomeCode } from '../declared/expectation.ts';
import { causeOf, objectName } from './cause.ts';
import type { CauseCode } from './causes.ts';
import type { Cause } from './finding.ts';
import type { MeasuredCell } from './measured-cell.ts';
import { mismatchCode } from './mismatch-code.ts';
import { callerName, listed, routeName, said } from './sentences.ts';
import type { Declared } from './subject.ts';
import { decidersOf, effectiveStep } from './trail-reading.ts';

/** Total: every denial has a code. */
export function denialCause(cell: MeasuredCell, declared: Declared): Cause {
  const code = denialCode(cell, declared);
  const client = effectiveStep(declared.trail, 'client');
  const objects = [...decidersOf(declared.decidedBy), client?.object];
  return causeOf(code, `${routeName(cell)} is refused: ${because(cell, declared, code)}.`, { objects });
}

/** For a Service whose endpoints are declared to behave differently. */
export function mixedCause(cell: MeasuredCell): Cause {
  const endpoints = cell.expectation.endpoints ?? [];
  const refused = endpoints.filter(({ expect }) => expect === 'deny');
  const clients = refused.map(({ trail }) => effectiveStep(trail, 'client')?.object);
  const reasons = [...new Set(refused.map((endpoint) => endpointReason(endpoint)))];
  return causeOf(
    'MP1009',
    `${routeName(cell)} works now and then: of ${String(endpoints.length)} endpoints, ${listed(refused.map(({ pod }) => pod))} cannot be reached. ${reasons.map((reason) => `${reason}.`).join(' ')}`,
    { objects: [...refused.flatMap(({ decidedBy }) => decidersOf(decidedBy)), ...clients] },
  );
}

function endpointReason({ pod, trail, ...rest }: EndpointExpectation): string {
  const what = said({ ...rest, trail });
  return effectiveStep(trail, 'capture')?.result === 'absent' ? `${what}, and ${pod} has no sidecar` : what;
}

const BY_OUTCOME: Partial<Record<OutcomeCode, CauseCode>> = {
  DENY_STRICT: 'MP1001',
  DENY_NO_CHAIN_TLS: 'MP1109',
  DENY_TLS_NO_CERT: 'MP1110',
  DENY_TLS_BAD_CA: 'MP1103',
  DENY_TLS_BAD_TD: 'MP1104',
  DENY_TLS_EXPIRED: 'MP1101',
  DENY_TLS_VERSION: 'MP1108',
  DENY_AUTHZ_HBONE: 'MP1204',
  DENY_JWT: 'MP1212',
  DENY_EXTAUTHZ: 'MP1213',
  CLIENT_BLACKHOLE: 'MP1302',
  NO_ENDPOINTS: 'MP1303',
  NO_ROUTE: 'MP1301',
  APP_DOWN: 'MP1304',
  DENY_NETPOL: 'MP1307',
  HANG: 'MP1306',
};

function denialCode(cell: MeasuredCell, declared: Declared): CauseCode {
  switch (declared.outcome) {
    case 'CLIENT_TLS_MISMATCH':
      return mismatchCode(cell, declared);
    case 'PROTO_MISMATCH':
      return isTls(cell) ? 'MP1021' : 'MP1305';
    case 'DENY_AUTHZ_HTTP':
    case 'DENY_AUTHZ_TCP':
      return authorizationCode(declared);
    case 'HEALTH_FAILED':
      return healthCode(declared);
    case 'DENY_STRICT':
      return isKubeletCheck(cell) ? 'MP1401' : 'MP1001';
    default:
      return BY_OUTCOME[declared.outcome] ?? 'MP1305';
  }
}

function authorizationCode(declared: Declared): CauseCode {
  const step = effectiveStep(declared.trail, 'authorization');
  // ALLOW policies of which none matched decide together; a DENY rule decides by itself.
  if (step?.by === 'http-fields-on-tcp') return declared.decidedBy?.objects === undefined ? 'MP1207' : 'MP1206';
  if (declared.identity === null && step?.by === 'no-allow-matched') return 'MP1202';
  return declared.outcome === 'DENY_AUTHZ_TCP' ? 'MP1203' : 'MP1201';
}

function healthCode(declared: Declared): CauseCode {
  const step = effectiveStep(declared.trail, 'health');
  if (step?.result === 'not-registered') return 'MP1402';
  if (declared.decidedBy?.kind === 'AuthorizationPolicy') return 'MP1405';
  if (effectiveStep(declared.trail, 'application')?.result === 'not-listening') return 'MP1304';
  return 'MP1401';
}

function isKubeletCheck({ probe }: MeasuredCell): boolean {
  return probe.kind === 'health' && probe.variant === 'kubelet';
}

function isTls({ probe }: MeasuredCell): boolean {
  return probe.kind === 'tls' || probe.kind === 'mtls' || probe.kind === 'mtls-untrusted';
}

function because(cell: MeasuredCell, declared: Declared, code: CauseCode): string {
  const client = effectiveStep(declared.trail, 'client');
  switch (code) {
    case 'MP1001':
      return `${said(declared)}, and ${isKubelet(cell) ? 'the kubelet' : callerName(cell)} has no sidecar`;
    case 'MP1307':
      return cell.probe.kind === 'health' && !isKubelet(cell)
        ? `${said(declared)}, which keeps ${callerName(cell)} out and never the kubelet of the pod's own node`
        : said(declared);
    case 'MP1110':
      return `${said(declared)}, and no client certificate was shown`;
    case 'MP1103':
      return `${said(declared)}, and the client certificate comes from a CA that the mesh does not know`;
    case 'MP1202':
      return `${said(declared)}, and plaintext proves no identity`;
    case 'MP1003':
    case 'MP1008':
      return `${said(declared)}, and ${targetKey(cell.target)} has no sidecar`;
    case 'MP1010':
      return `${said(declared)}, and the port does not lead through the sidecar`;
    case 'MP1002':
    case 'MP1004':
    case 'MP1012':
    case 'MP1015':
    case 'MP1022': {
      const by = client?.object === undefined ? '' : ` (${objectName(client.object)})`;
      return client === undefined
        ? said(declared)
        : `${said(declared)}, and ${senderOf(cell)} sends ${client.result}${by}`;
    }
    default:
      return said(declared);
  }
}

function isKubelet({ vantage }: MeasuredCell): boolean {
  return vantage.dataPlane === 'host';
}

/** Behind a gateway it is the gateway that speaks to the target. */
function senderOf(cell: MeasuredCell): string {
  const via = cell.target.kind === 'service' ? cell.target.via : undefined;
  return via === undefined ? callerName(cell) : `${via.namespace}/${via.name}`;
}
