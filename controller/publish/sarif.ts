/**
 * The findings of a sweep as SARIF 2.1.0, where they have a manifest file and a line: one result a cause and object.
 * (OASIS: sarif-v2.1.0-errata01-os; schema: sarif-spec: sarif-2.1/schema/sarif-schema-2.1.0.json.)
 */
import { createHash } from 'node:crypto';
import { isAbsolute, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { VERSION } from '../../proto/version.ts';
import type { ObjectRef } from '../declared/expectation.ts';
import type { Position } from '../declared/objects.ts';
import { CAUSES } from '../judge/causes.ts';
import type { CauseCode } from '../judge/causes.ts';
import type { Cause, Sweep } from '../judge/finding.ts';
import type { Finding } from './finding-list.ts';
import { isFailure, listFindings } from './finding-list.ts';
import { objectWords, qualifiedName } from './object-words.ts';
import type { Page } from './page.ts';
import type { Locate } from './sarif-places.ts';
import { verdictLine } from './verdict-words.ts';

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

interface Placed {
  readonly cause: Cause;
  readonly object: ObjectRef;
  readonly position: Position;
  /** All findings of this cause in which the object has a part, worst first. */
  readonly findings: readonly Finding[];
}

/** Without places (a sweep of a cluster) it has no results, and says how many findings have none. */
export function publishSarif(sweep: Sweep, _page?: Page, locate: Locate = () => undefined): string {
  const findings = listFindings(sweep).findings.filter(({ label, cause }) => label !== 'unknown' && cause !== null);
  const placed = placesOf(findings, locate);
  const shown = new Set(placed.flatMap((one) => one.findings));
  const codes = [...new Set(placed.map(({ cause }) => cause.code))].sort();
  return sarifLog({
    rules: codes.map(ruleOf),
    invocation: invocationOf(sweep, findings.length - shown.size),
    results: placed.map((one) => resultOf(one, codes, locate)),
  });
}

/** A log of one run. */
export function sarifLog(run: {
  readonly rules: readonly object[];
  readonly invocation: object;
  readonly results: readonly object[];
}): string {
  const { rules, invocation, results } = run;
  const tool = { driver: { name: 'meshproof', semanticVersion: VERSION, rules } };
  const runs = [{ tool, invocations: [invocation], columnKind: 'utf16CodeUnits', results }];
  return `${JSON.stringify({ $schema: SCHEMA, version: '2.1.0', runs }, null, 2)}\n`;
}

function placesOf(findings: readonly Finding[], locate: Locate): readonly Placed[] {
  const byKey = new Map<string, Placed>();
  for (const finding of findings) {
    const { cause } = finding;
    if (cause === null) continue;
    for (const object of cause.objects) {
      const position = locate(object);
      if (position === undefined) continue;
      const key = keyOf(cause.code, object);
      const { findings: before, ...place } = byKey.get(key) ?? { cause, object, position, findings: [] };
      byKey.set(key, { ...place, findings: [...before.filter((one) => one !== finding), finding] });
    }
  }
  return [...byKey.values()];
}

function resultOf({ cause, object, position, findings }: Placed, codes: readonly CauseCode[], locate: Locate): object {
  const cells = new Set(findings.flatMap((finding) => finding.cells));
  const others = cause.objects.flatMap((other) => {
    const place = other === object ? undefined : locate(other);
    return place === undefined ? [] : [{ ...locationOf(place), message: { text: objectWords(other) } }];
  });
  return {
    ruleId: cause.code,
    ruleIndex: codes.indexOf(cause.code),
    level: findings.some(isFailure) ? 'error' : 'warning',
    message: { text: messageOf(cause, findings, cells.size) },
    locations: [{ ...locationOf(position), logicalLocations: [logicalLocation(object)] }],
    ...(others.length > 0 && { relatedLocations: others.map((other, at) => ({ id: at + 1, ...other })) }),
    // What stays the same when lines move and callers come and go.
    partialFingerprints: { 'meshproofCauseAndObject/v1': fingerprintOf(cause.code, object) },
    properties: { cells: cells.size, isConfirmed: findings.some(({ isConfirmed }) => isConfirmed) },
  };
}

function messageOf({ message, fix }: Cause, findings: readonly Finding[], cells: number): string {
  const parts = [message];
  if (findings.length > 1) parts.push(`${String(findings.length - 1)} more of the same cause.`);
  if (cells > 0) parts.push(cells === 1 ? 'It explains 1 cell.' : `It explains ${String(cells)} cells.`);
  if (fix !== '') parts.push(`Fix: ${fix}`);
  return parts.join(' ');
}

export function ruleOf(code: CauseCode): object {
  const { name, wrong, fix } = CAUSES[code];
  return {
    id: code,
    name: name.replaceAll(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: name.replaceAll('-', ' ') },
    fullDescription: { text: wrong },
    help: { text: `${wrong}\n\nFix: ${fix}`, markdown: `${wrong}\n\n**Fix.** ${fix}` },
  };
}

/** A sweep that could not judge is no successful analysis: a reader must not take its silence for repaired findings. */
function invocationOf({ startedAt, finishedAt, verdict }: Sweep, unplaced: number): object {
  const said = [
    { level: verdict.value === 'inconclusive' ? 'error' : 'note', message: { text: verdictLine(verdict) } },
  ];
  const words = unplaced === 1 ? '1 finding has' : `${String(unplaced)} findings have`;
  if (unplaced > 0)
    said.push({ level: 'warning', message: { text: `${words} no manifest file, and no result here.` } });
  return {
    executionSuccessful: verdict.value !== 'inconclusive',
    startTimeUtc: startedAt,
    endTimeUtc: finishedAt,
    toolExecutionNotifications: said,
  };
}

export function locationOf({ file, line, column }: Position): object {
  const artifactLocation = isAbsolute(file)
    ? { uri: pathToFileURL(file).href }
    : { uri: file.split(sep).map(encodeURIComponent).join('/'), uriBaseId: '%SRCROOT%' };
  return { physicalLocation: { artifactLocation, region: { startLine: line, startColumn: column } } };
}

export function logicalLocation(object: ObjectRef): object {
  return { fullyQualifiedName: `${object.kind} ${qualifiedName(object)}`, kind: 'object' };
}

function keyOf(code: CauseCode, { kind, namespace, name }: ObjectRef): string {
  return `${code} ${kind} ${namespace}/${name}`;
}

export function fingerprintOf(code: CauseCode, object: ObjectRef): string {
  return createHash('sha256').update(keyOf(code, object)).digest('hex').slice(0, 32);
}
