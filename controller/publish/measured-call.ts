/** What was measured on one route: each attempt, the certificate that was shown, and the line that repeats it. */
import type { Probe } from '../../proto/vocabulary.ts';
import { CAUSES } from '../judge/causes.ts';
import type { Attempt, Cell } from '../judge/finding.ts';
import { outcomeWords } from './outcome-words.ts';
import type { Page } from './page.ts';
import { paint } from './page.ts';
import { shellWord } from './shell-word.ts';
import { paragraph } from './text-layout.ts';

/** With a newline at its end. */
export function publishMeasuredCall(cell: Cell, page: Page): string {
  const { attempts, outcome, drift, cause } = cell;
  const lines = [
    paint(page, 'strong', `Measured: ${drift === 'agrees' ? 'as declared' : drift}`),
    ...(attempts.length === 0 ? paragraph('  ', outcomeWords(outcome), page.columns) : []),
    ...attempts.flatMap((attempt) => attemptLines(attempt, page)),
    ...(cause === null ? [] : causeLines(cause.code, cause.message, cause.fix, page)),
    ...repetitionLines(cell, page),
  ];
  return `${lines.join('\n')}\n`;
}

function attemptLines({ startedAtMs, address, pod, outcome }: Attempt, page: Page): readonly string[] {
  const at = new Date(startedAtMs).toISOString().slice(11, 23);
  const where = [address, pod === undefined ? '' : `(${pod})`].filter((word) => word !== '').join(' ');
  if (outcome.kind === 'untested') return paragraph(`  ${at}  `, `${where}  ${outcomeWords(outcome)}`, page.columns);
  const { timings, certificate } = outcome;
  const phases = Object.entries(timings).map(([phase, ms]) => `${phase.replace(/Ms$/, '')} ${String(ms)} ms`);
  return [
    ...paragraph(`  ${at}  `, `${where}  ${outcomeWords(outcome)}`, page.columns),
    `                ${phases.join(', ')}`,
    ...(certificate === undefined
      ? []
      : paragraph(
          '                ',
          `shown: ${certificate.spiffeId ?? 'a certificate without SPIFFE identity'}, valid until ` +
            `${new Date(certificate.notAfterMs).toISOString()}${certificate.fault === null ? '' : `, ${certificate.fault}`}`,
          page.columns,
        )),
  ];
}

function causeLines(code: keyof typeof CAUSES, message: string, fix: string, page: Page): readonly string[] {
  return [
    `  ${CAUSES[code].name} ${code}`,
    ...paragraph('    ', message, page.columns),
    ...(fix === '' ? [] : paragraph('    Fix: ', fix, page.columns)),
  ];
}

/** From a pod of the caller: what a person would type there. */
function repetitionLines({ vantage, probe, attempts }: Cell, page: Page): readonly string[] {
  const address = attempts.find((attempt) => attempt.address !== '')?.address;
  const command = address === undefined ? undefined : commandOf(probe, address);
  if (command === undefined) return [];
  const from = `From a ${vantage.dataPlane === 'naked' ? 'pod without sidecar' : `pod (${vantage.dataPlane})`}`;
  return [
    ...paragraph('  ', `${from} under ${vantage.namespace}/${vantage.serviceAccount}:`, page.columns),
    `    $ ${command}`,
  ];
}

export function commandOf(probe: Probe, address: string): string | undefined {
  switch (probe.kind) {
    case 'http':
      return `curl -sv -X ${probe.method} ${shellWord(`http://${address}${probe.path}`)}`;
    case 'tcp':
      return `curl -sv telnet://${address}`;
    case 'grpc':
      return `grpcurl -v -plaintext ${address} grpc.health.v1.Health/Check`;
    case 'tls':
      return `openssl s_client -connect ${address}${alpnOf(probe.alpn)}`;
    case 'mtls':
    case 'mtls-untrusted':
      return `openssl s_client -connect ${address}${alpnOf(probe.alpn)} -cert cert-chain.pem -key key.pem`;
    case 'health':
      return undefined;
  }
}

function alpnOf(alpn: readonly string[]): string {
  return alpn.length === 0 ? '' : ` -alpn ${alpn.join(',')}`;
}
