/** Who still calls in plaintext, and the exceptions that STRICT needs for it, in lines. */
import type { NeededException } from '../gate/needed-exceptions.ts';
import type { PlaintextCall, Readiness } from '../gate/readiness.ts';
import type { Page } from './page.ts';
import { paint } from './page.ts';
import { manifestText } from './preview-manifests.ts';
import { alignColumns, paragraph } from './text-layout.ts';

const KNOWN = {
  certain: 'measured',
  probable: 'measured, though declared otherwise',
  unknown: 'declared; could not be measured',
} as const;

/** Rows of port, callers, how it is known; callers of one port share a row. */
export function callRows({ calls }: Readiness): readonly (readonly string[])[] {
  const byDoor = Map.groupBy(calls, (call) => JSON.stringify([call.doors, knownWords(call)]));
  return [...byDoor].map(([key, group]) => {
    const [doors, known] = JSON.parse(key) as [readonly string[], string];
    return [doors.join(' '), [...new Set(group.map(({ caller }) => caller))].join(', '), known];
  });
}

function knownWords({ certainty }: PlaintextCall): string {
  return certainty === undefined ? 'declared; not measured' : KNOWN[certainty];
}

/** `shop/pay goes on taking plaintext on port 8080, for 3 calls`. */
export function neededWords({ exceptions, lost }: Readiness): readonly string[] {
  return [...exceptions.map(wordsOf), ...lost.map((key) => `no exception helps ${key}`)];
}

function wordsOf(exception: NeededException): string {
  const { kind, workload, calls } = exception;
  const many = `${String(calls.length)} ${calls.length === 1 ? 'call' : 'calls'}`;
  if (kind === 'injection') return `${workload} gets a sidecar, for ${many}: its pods are made anew`;
  return `${workload} goes on taking plaintext on port ${String(exception.port)} (portLevelMtls), for ${many}`;
}

export function readinessLines(readiness: Readiness, page: Page): string[][] {
  const { calls, exceptions } = readiness;
  if (calls.length === 0) return [];
  const rows = alignColumns([['PORT', 'CALLERS', 'KNOWN'], ...callRows(readiness)], page.columns - 2);
  const title = `Exceptions that STRICT needs: ${exceptions.length === 0 ? 'none would help' : String(exceptions.length)}`;
  return [
    [
      paint(page, 'strong', `Who calls in plaintext: ${String(calls.length)} ${calls.length === 1 ? 'call' : 'calls'}`),
      ...rows.map((line) => `  ${line}`),
    ],
    [paint(page, 'strong', title), ...neededWords(readiness).flatMap((words) => paragraph('  ', words, page.columns))],
  ];
}

/** At the end: it is to be copied, and long. */
export function exceptionManifestLines(readiness: Readiness, page: Page): string[] {
  if (readiness.manifests.length === 0) return [];
  const how =
    'to be applied before STRICT is turned on (kubectl apply --server-side -f -); -o manifests prints them alone';
  return [
    ...paragraph('', `${paint(page, 'strong', 'The exceptions')}: ${how}`, page.columns),
    ...yamlLines(readiness),
  ];
}

function yamlLines(readiness: Readiness): readonly string[] {
  return manifestText(readiness)
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}`);
}
