import t from 'tap';
import { blockedCode } from '../../../../controller/judge/blocked-code.ts';
import type { CauseCode } from '../../../../controller/judge/causes.ts';
import { gatherEvidence } from '../../../../controller/judge/evidence.ts';
import type { MeasuredCell } from '../../../../controller/judge/measured-cell.ts';
import type { Expectation, TrailStep } from '../../../../controller/declared/expectation.ts';
import type { Outcome, PeerCertificate } from '../../../../proto/outcome.ts';
import { HTTP, MTLS, PAY_POD, SHOP, TLS, allow, cell, plain, proverOf, refused, silent } from './cells.ts';
import type { CellDraft } from './cells.ts';

const NAKED = { source: 'legacy/batch', plane: 'naked' } as const;
const byRule: TrailStep = {
  stage: 'client',
  result: 'mtls',
  by: 'destination-rule',
  object: { kind: 'DestinationRule', namespace: 'web', name: 'on' },
};

interface Row {
  readonly says: string;
  readonly from?: Partial<CellDraft>;
  readonly declared?: Expectation;
  readonly outcome: Outcome;
  /** The prober was shown this certificate fault by the target; `none`: a good certificate; absent: none at all. */
  readonly shown?: PeerCertificate['fault'] | 'none';
  readonly code: CauseCode;
}

/** Neighbours are the pairs that are easily taken for each other. */
const ROWS: readonly Row[] = [
  {
    says: 'reset after the first bytes',
    from: NAKED,
    declared: plain(),
    outcome: refused('application', 'reset'),
    shown: 'none',
    code: 'MP1001',
  },
  { says: 'connect timeout', from: NAKED, declared: plain(), outcome: silent('tcp'), shown: 'none', code: 'MP1307' },
  {
    says: 'reset, and no mutual TLS anywhere',
    from: NAKED,
    declared: plain(),
    outcome: refused('application', 'reset'),
    code: 'MP1304',
  },

  {
    says: '503 after a reset, plaintext declared',
    declared: plain(),
    outcome: refused('application', 'upstream-reset'),
    shown: 'none',
    code: 'MP1002',
  },
  {
    says: '503 after a reset, mutual TLS declared',
    outcome: refused('application', 'upstream-reset'),
    shown: 'none',
    code: 'MP1017',
  },
  {
    says: 'a TCP connection that ends, from a meshed caller',
    from: { probe: { kind: 'tcp' } },
    outcome: refused('application', 'closed'),
    shown: 'none',
    code: 'MP1203',
  },
  {
    says: 'mutual TLS that ends after the handshake',
    from: { ...NAKED, probe: MTLS },
    outcome: refused('application', 'closed'),
    shown: 'none',
    code: 'MP1203',
  },

  {
    says: '503 WRONG_VERSION_NUMBER under a rule',
    declared: allow({ trail: [byRule] }),
    outcome: refused('application', 'upstream-plaintext'),
    code: 'MP1003',
  },
  {
    says: '503 WRONG_VERSION_NUMBER, no rule, no certificate',
    outcome: refused('application', 'upstream-plaintext'),
    code: 'MP1008',
  },
  {
    says: '503 WRONG_VERSION_NUMBER, though mutual TLS works',
    outcome: refused('application', 'upstream-plaintext'),
    shown: 'none',
    code: 'MP1017',
  },
  {
    says: '503 CERTIFICATE_VERIFY_FAILED, expired',
    outcome: refused('application', 'upstream-certificate'),
    shown: 'expired',
    code: 'MP1102',
  },
  {
    says: '503 CERTIFICATE_VERIFY_FAILED, foreign root',
    outcome: refused('application', 'upstream-certificate'),
    shown: 'untrusted-root',
    code: 'MP1103',
  },
  {
    says: '503 CERTIFICATE_VERIFY_FAILED, nobody looked',
    outcome: refused('application', 'upstream-certificate'),
    code: 'MP1103',
  },
  {
    says: '503 CERTIFICATE_VERIFY_FAILED, by the SAN',
    outcome: refused('application', 'upstream-certificate', { detail: 'verify SAN list' }),
    code: 'MP1104',
  },

  {
    says: 'nobody listens, seen naked',
    from: NAKED,
    declared: plain(),
    outcome: refused('tcp', 'connection-refused'),
    code: 'MP1304',
  },
  {
    says: 'nobody listens, seen through a sidecar',
    outcome: refused('application', 'upstream-refused', { status: 503 }),
    shown: 'none',
    code: 'MP1304',
  },
  {
    says: 'no healthy upstream',
    outcome: refused('application', 'no-healthy-upstream', { status: 503 }),
    code: 'MP1303',
  },
  {
    says: 'a 503 that says nothing',
    outcome: refused('application', 'upstream-failed', { status: 503 }),
    code: 'MP1503',
  },
  {
    says: 'a 503 after a timeout',
    outcome: refused('application', 'upstream-timeout', { status: 503 }),
    code: 'MP1307',
  },

  {
    says: 'our certificate, unknown CA',
    from: { ...NAKED, probe: MTLS },
    outcome: refused('tls', 'certificate-refused', { certificateRefusal: 'unknown-ca' }),
    code: 'MP1103',
  },
  {
    says: 'our certificate, other trust domain',
    from: { ...NAKED, probe: MTLS },
    outcome: refused('tls', 'certificate-refused', { certificateRefusal: 'identity' }),
    code: 'MP1104',
  },
  {
    says: 'our certificate, revoked',
    from: { ...NAKED, probe: MTLS },
    outcome: refused('tls', 'certificate-refused', { certificateRefusal: 'revoked' }),
    code: 'MP1107',
  },
  {
    says: 'no alert, cut in the handshake',
    from: { ...NAKED, probe: MTLS },
    outcome: refused('tls', 'reset'),
    code: 'MP1109',
  },
  {
    says: 'TLS that meets plaintext',
    from: { ...NAKED, probe: TLS },
    outcome: refused('tls', 'speaks-plaintext'),
    code: 'MP1010',
  },
  { says: 'accepted, then silence', from: { ...NAKED, probe: HTTP }, outcome: silent('application'), code: 'MP1306' },
  { says: 'an unexplained silence', from: NAKED, outcome: silent('tls'), code: 'MP1505' },
];

function othersShow(shown: Row['shown']): readonly MeasuredCell[] {
  return shown === undefined ? [] : [proverOf(PAY_POD, shown === 'none' ? null : shown)];
}

for (const { says, from = {}, declared = allow(), outcome, shown, code } of ROWS) {
  t.test(`${says}${shown === undefined ? '' : ` (certificate: ${shown ?? 'none'})`}: ${code}`, (t) => {
    const measured = cell({ ...from, expectation: declared, outcome });
    const evidence = gatherEvidence(SHOP, [measured, ...othersShow(shown)]);
    t.equal(blockedCode(measured, { ...declared, expect: 'allow' }, outcome, evidence), code);
    t.end();
  });
}
