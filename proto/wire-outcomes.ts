/** Reports to batches and back: strings and certificates stand once a batch, so that an outcome takes about 40 bytes. */
import type * as wire from './gen/meshproof/v1/session.ts';
import type { IdentityFault, Outcome, PeerCertificate, PhaseTimings, Report, WitnessReport } from './outcome.ts';
import { fitnessFromWire, fitnessToWire } from './wire-fitness.ts';
import type { Fitness } from './wire-fitness.ts';
import { FAULTS, LAYERS, REFUSALS, SIGNATURES, TRANSPORTS, WHYS, wordOf } from './wire-words.ts';

/** What an agent hands over at a time. */
export interface Batch {
  /** From 1, without gaps within a boot. */
  readonly sequence: number;
  readonly reports: readonly Report[];
  /** Outcomes that were dropped since the batch before. */
  readonly droppedBefore: number;
  readonly fitness: Fitness;
}

/** Characters of evidence that travel with an outcome. */
const MAX_DETAIL = 256;

/** No text that an honest agent sends is longer; what is kept of an attempt must not be what somebody else chooses. */
const MAX_TEXT = 1024;

const INT32 = 2 ** 31;

/**
 * What stands in four digits of a year, which is all that X.509 can say (RFC 5280, section 4.1.2.5) and that every form
 * of time here is written in. An int64 holds times that a `Date` cannot.
 */
const FIRST_MS = Date.parse('0000-01-01T00:00:00.000Z');
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');
/** Travels in the place of a time that is none. */
const NO_TIME = Number.MIN_SAFE_INTEGER;

class SideTables {
  readonly texts: string[] = [];
  readonly certificates: wire.Certificate[] = [];
  readonly #textIndex = new Map<string, number>([['', 0]]);
  readonly #certificateIndex = new Map<string, number>();

  text(text: string): number {
    let index = this.#textIndex.get(text);
    if (index === undefined) {
      index = this.texts.push(text);
      this.#textIndex.set(text, index);
    }
    return index;
  }

  certificate(certificate: PeerCertificate | undefined): number {
    if (certificate === undefined) return 0;
    const key = JSON.stringify(certificate);
    let index = this.#certificateIndex.get(key);
    if (index === undefined) {
      index = this.certificates.push({
        spiffeIdText: this.text(certificate.spiffeId ?? ''),
        notBeforeMs: timeToWire(certificate.notBeforeMs),
        notAfterMs: timeToWire(certificate.notAfterMs),
        issuerFingerprintText: this.text(certificate.issuerFingerprint),
        fault: certificate.fault === null ? 'IDENTITY_FAULT_UNSPECIFIED' : FAULTS[certificate.fault],
      });
      this.#certificateIndex.set(key, index);
    }
    return index;
  }
}

/** A peer decides what its certificate says, and OpenSSL makes of it what it can. */
function timeToWire(ms: number): number {
  return isTime(ms) ? ms : NO_TIME;
}

function isTime(ms: number): boolean {
  return ms >= FIRST_MS && ms <= LAST_MS;
}

/** Details longer than 256 characters are cut. */
export function batchToWire(batch: Batch): wire.OutcomeBatch {
  const tables = new SideTables();
  const baseTimeMs = batch.reports[0]?.startedAtMs ?? 0;
  const outcomes = batch.reports.map((report) => outcomeToWire(report, baseTimeMs, tables));
  const { sequence, droppedBefore } = batch;
  const { texts, certificates } = tables;
  const fitness = fitnessToWire(batch.fitness);
  return { sequence, baseTimeMs, texts, certificates, outcomes, droppedBefore, fitness };
}

function outcomeToWire(report: Report, baseTimeMs: number, tables: SideTables): wire.Outcome {
  const { route, slot, attempt, outcome } = report;
  const startedAfterMs = Math.max(-INT32, Math.min(INT32 - 1, report.startedAtMs - baseTimeMs));
  const facts = outcome.kind === 'untested' ? undefined : outcome;
  return {
    route,
    slot,
    attempt,
    startedAfterMs,
    address: facts?.address ?? 0,
    timings: facts === undefined ? undefined : timingsToWire(facts.timings),
    certificate: tables.certificate(facts?.certificate),
    kind: kindToWire(outcome, tables),
  };
}

function kindToWire(outcome: Outcome, tables: SideTables): wire.Outcome['kind'] {
  switch (outcome.kind) {
    case 'reached': {
      const witness = outcome.witness === undefined ? undefined : witnessToWire(outcome.witness, tables);
      const value = { transport: TRANSPORTS[outcome.transport], status: statusToWire(outcome.status), witness };
      return { $case: 'reached', value };
    }
    case 'refused': {
      const value = {
        layer: LAYERS[outcome.layer],
        signatureText: tables.text(outcome.signature),
        status: statusToWire(outcome.status),
        alert: outcome.alert === undefined ? 0 : outcome.alert + 1,
        certificateRefusalText: tables.text(outcome.certificateRefusal ?? ''),
        detailText: tables.text(outcome.detail.slice(0, MAX_DETAIL)),
      };
      return { $case: 'refused', value };
    }
    case 'silent':
      return { $case: 'silent', value: { layer: LAYERS[outcome.layer], afterMs: Math.round(outcome.afterMs) } };
    case 'untested': {
      const detailText = tables.text(outcome.detail.slice(0, MAX_DETAIL));
      return { $case: 'untested', value: { whyText: tables.text(outcome.why), detailText } };
    }
  }
}

function witnessToWire(witness: WitnessReport, tables: SideTables): wire.Witness {
  const callerText = tables.text(witness.caller ?? '');
  return { podText: tables.text(witness.pod), callerText, isProof: witness.isProof };
}

/** HTTP statuses start at 100, so gRPC's (0 to 16) travel plus one and 0 stays free for `none`. */
function statusToWire(status: number | undefined): number {
  if (status === undefined) return 0;
  return status < 99 ? status + 1 : status;
}

function statusFromWire(status: number): { readonly status?: number } {
  if (status === 0) return {};
  return { status: status < 100 ? status - 1 : status };
}

/** A layer that took less than half a microsecond was still reached. */
function microseconds(milliseconds: number | undefined): number {
  return milliseconds === undefined ? 0 : Math.max(1, Math.round(milliseconds * 1000));
}

function timingsToWire(timings: PhaseTimings): wire.Timings {
  return {
    dnsUs: microseconds(timings.dnsMs),
    tcpUs: microseconds(timings.tcpMs),
    tlsUs: microseconds(timings.tlsMs),
    firstByteUs: microseconds(timings.firstByteMs),
    totalUs: microseconds(timings.totalMs),
  };
}

function timingsFromWire(message: wire.Timings | undefined): PhaseTimings {
  if (message === undefined) return { totalMs: 0 };
  const { dnsUs, tcpUs, tlsUs, firstByteUs, totalUs } = message;
  return {
    ...(dnsUs > 0 && { dnsMs: dnsUs / 1000 }),
    ...(tcpUs > 0 && { tcpMs: tcpUs / 1000 }),
    ...(tlsUs > 0 && { tlsMs: tlsUs / 1000 }),
    ...(firstByteUs > 0 && { firstByteMs: firstByteUs / 1000 }),
    totalMs: totalUs / 1000,
  };
}

/**
 * Never throws: an outcome that a newer agent words in a way unknown here becomes `untested: unsupported-probe`, with
 * the unknown word in its detail, so that it can never count as a denial or as a success. So does one with a time outside
 * of the years 0 to 9999; all times that come out of here are within them.
 */
export function batchFromWire(message: wire.OutcomeBatch): Batch {
  const { sequence, droppedBefore } = message;
  const reports = message.outcomes.map((outcome) => {
    const { route, slot, attempt } = outcome;
    const startedAtMs = message.baseTimeMs + outcome.startedAfterMs;
    return isTime(startedAtMs)
      ? { route, slot, attempt, startedAtMs, outcome: outcomeFromWire(outcome, message) }
      : { route, slot, attempt, startedAtMs: 0, outcome: unsupported('a time that is none') };
  });
  return { sequence, reports, droppedBefore, fitness: fitnessFromWire(message.fitness) };
}

function outcomeFromWire(message: wire.Outcome, batch: wire.OutcomeBatch): Outcome {
  const text = (index: number): string => {
    const found = index === 0 ? '' : (batch.texts[index - 1] ?? '');
    return found.length > MAX_TEXT ? '' : found;
  };
  const certificate = certificateFromWire(message.certificate, batch, text);
  if (certificate === 'unknown') return unsupported('the fault of the served certificate');
  if (certificate === 'timeless') return unsupported('a certificate with a time that is none');
  const timings = timingsFromWire(message.timings);
  const facts = { address: message.address, timings, ...(certificate !== undefined && { certificate }) };
  switch (message.kind?.$case) {
    case 'reached': {
      const { value } = message.kind;
      const transport = wordOf(TRANSPORTS, value.transport);
      if (transport === undefined) return unsupported('reached over an unknown transport');
      const witness = value.witness === undefined ? {} : { witness: witnessFromWire(value.witness, text) };
      return { kind: 'reached', ...facts, transport, ...statusFromWire(value.status), ...witness };
    }
    case 'refused':
      return refusedFromWire(message.kind.value, facts, text);
    case 'silent': {
      const layer = wordOf(LAYERS, message.kind.value.layer);
      if (layer === undefined) return unsupported('silent at an unknown layer');
      return { kind: 'silent', ...facts, layer, afterMs: message.kind.value.afterMs };
    }
    case 'untested': {
      const word = text(message.kind.value.whyText);
      const detail = text(message.kind.value.detailText);
      const why = wordOf(WHYS, word);
      if (why === undefined) return { kind: 'untested', why: 'internal-fault', detail: `${word}: ${detail}` };
      return { kind: 'untested', why, detail };
    }
    case undefined:
      return unsupported('an outcome of an unknown kind');
  }
}

type Facts = Pick<Extract<Outcome, { kind: 'silent' }>, 'address' | 'timings' | 'certificate'>;

function refusedFromWire(message: wire.Refused, facts: Facts, text: (index: number) => string): Outcome {
  const layer = wordOf(LAYERS, message.layer);
  const word = text(message.signatureText);
  const signature = wordOf(SIGNATURES, word);
  const detail = text(message.detailText);
  if (layer === undefined || signature === undefined) return unsupported(`refused with ${word}: ${detail}`);
  const refusal = text(message.certificateRefusalText);
  const certificateRefusal = refusal === '' ? {} : { certificateRefusal: wordOf(REFUSALS, refusal) ?? 'unspecified' };
  const alert = message.alert === 0 ? {} : { alert: message.alert - 1 };
  const status = statusFromWire(message.status);
  return { kind: 'refused', ...facts, layer, signature, ...status, ...alert, ...certificateRefusal, detail };
}

function witnessFromWire(message: wire.Witness, text: (index: number) => string): WitnessReport {
  const caller = message.callerText === 0 ? null : text(message.callerText);
  return { pod: text(message.podText), caller, isProof: message.isProof };
}

function certificateFromWire(
  index: number,
  batch: wire.OutcomeBatch,
  text: (index: number) => string,
): PeerCertificate | 'unknown' | 'timeless' | undefined {
  const message = index === 0 ? undefined : batch.certificates[index - 1];
  if (message === undefined) return undefined;
  let fault: IdentityFault | null = null;
  if (message.fault !== 'IDENTITY_FAULT_UNSPECIFIED') {
    const known = wordOf(FAULTS, message.fault);
    if (known === undefined) return 'unknown';
    fault = known;
  }
  const { notBeforeMs, notAfterMs } = message;
  if (!isTime(notBeforeMs) || !isTime(notAfterMs)) return 'timeless';
  const spiffeId = message.spiffeIdText === 0 ? null : text(message.spiffeIdText);
  return { spiffeId, notBeforeMs, notAfterMs, issuerFingerprint: text(message.issuerFingerprintText), fault };
}

function unsupported(what: string): Outcome {
  return { kind: 'untested', why: 'unsupported-probe', detail: `the agent reported ${what}`.slice(0, MAX_DETAIL) };
}
