/** What a witness says of its caller: how it is written by the responder and read by the probes. */
import type { WitnessReport } from '../proto/outcome.ts';

/** Header of every request; the witness gives the token back, so that an answer belongs to this very attempt. */
export const ATTEMPT_HEADER = 'x-meshproof-attempt';
/** Set to `1` on HTTP and gRPC answers of a witness. */
export const WITNESS_HEADER = 'x-meshproof-witness';
/** The statement as JSON, in gRPC answers; HTTP and TCP carry it as their body. */
export const STATEMENT_HEADER = 'x-meshproof-statement';
/** The line that a TCP probe sends. A TCP witness finds the token in an HTTP request just as well. */
export function tcpGreeting(token: string): string {
  return `${ATTEMPT_HEADER}: ${token}\r\n`;
}

/** The token in whatever bytes came; empty where there is none. */
export function tokenIn(text: string): string {
  return /x-meshproof-attempt: ([\w-]{1,64})\r\n/i.exec(text)?.[1] ?? '';
}

/** The witness' own words; JSON on the wire. */
export interface Statement {
  readonly pod: string;
  /** Of the attempt that it answers; empty where the request named none. */
  readonly token: string;
  /** SPIFFE id of the caller, from the last element of x-forwarded-client-cert; null: none, or no proxy to trust. */
  readonly caller: string | null;
  /** A proxy that sets x-forwarded-client-cert on this port stands before the witness. */
  readonly isProof: boolean;
  /** Some proxy stands before it: that the bytes came in plaintext says nothing of the way before. */
  readonly behindProxy: boolean;
}

/**
 * SPIFFE id in the last element of an x-forwarded-client-cert header, or null. Elements before the last may have been
 * sent by the caller himself (envoy: source/common/http/conn_manager_utility.cc:mutateXfccRequestHeader appends).
 */
export function lastCaller(xfcc: string | undefined): string | null {
  if (xfcc === undefined) return null;
  const last = splitOutsideQuotes(xfcc, ',').at(-1) ?? '';
  const uris = splitOutsideQuotes(last, ';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.slice(0, 4).toLowerCase() === 'uri=');
  const uri = uris
    .at(-1)
    ?.slice(4)
    .replace(/^"(.*)"$/, '$1');
  return uri === undefined || uri === '' ? null : uri;
}

/** Subjects are quoted and may hold commas and semicolons. */
function splitOutsideQuotes(text: string, separator: string): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') isQuoted = !isQuoted;
    else if (text[at] === separator && !isQuoted) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}

/** The statement in the text, if a witness wrote it in answer to this token. Anything else is not one: undefined. */
export function parseStatement(text: string, token: string): Statement | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { pod, token: answered, caller, isProof, behindProxy } = parsed as Partial<Record<keyof Statement, unknown>>;
  if (typeof pod !== 'string' || typeof isProof !== 'boolean' || typeof behindProxy !== 'boolean') return undefined;
  if (answered !== token || (caller !== null && typeof caller !== 'string')) return undefined;
  return { pod, token, caller, isProof, behindProxy };
}

export function reportOf(statement: Statement): WitnessReport {
  return { pod: statement.pod, caller: statement.caller, isProof: statement.isProof };
}
