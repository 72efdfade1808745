/** A sink that posts events to a URL: CloudEvents, signed as Standard Webhooks are. */
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../proto/clock.ts';
import { MeshproofError } from '../../proto/errors.ts';
import { VERSION } from '../../proto/version.ts';
import type { MonitorEvent } from '../monitor/events.ts';
import { CLOUD_EVENT_TYPE, cloudEvent } from './cloud-event.ts';
import { post } from './post.ts';
import { parseSecrets, signatureHeader } from './signature.ts';
import { TOLD } from './sink.ts';
import type { Sink, Told } from './sink.ts';

export interface WebhookOptions {
  /** Unique among the sinks. */
  readonly name: string;
  /** http or https. May hold a user and a password; it is never shown beyond its host. */
  readonly url: string;
  /** Holds the secret; read for each try, so that a new one counts at once. @default none: nothing is signed */
  readonly secretFile?: string;
  /** CloudEvents' `source`: which monitor says it. */
  readonly source: string;
  /** @default all but sweeps, of which there is one an interval */
  readonly kinds?: readonly MonitorEvent['kind'][];
}

const KINDS: readonly MonitorEvent['kind'][] = ['transition', 'conflict', 'propagation'];
/** Nobody makes a monitor wait longer. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;

/** Throws MPE_INVALID_CONFIG where the URL is none that can be posted to; the message does not repeat it. */
export function webhookSink(options: WebhookOptions, clock: Pick<Clock, 'nowMs'>): Sink {
  const { name, secretFile, source, kinds = KINDS } = options;
  const url = parseUrl(options);
  return {
    name,
    tell: async (stored, _current, signal) => {
      if (!kinds.includes(stored.event.kind)) return TOLD;
      const body = JSON.stringify(cloudEvent(stored, source));
      const id = String(stored.id);
      const timestampS = Math.floor(clock.nowMs() / 1000);
      const signature = await signed(secretFile, { id, timestampS, body });
      if (signature === null) return away(`${secretFile ?? ''} cannot be read, or holds no secret`);
      const headers = {
        'content-type': CLOUD_EVENT_TYPE,
        'user-agent': `meshproof/${VERSION}`,
        'webhook-id': id,
        'webhook-timestamp': String(timestampS),
        ...signature,
      };
      const posted = await post({ url, headers, body }, signal);
      if (posted.kind === 'failed') return away(`${url.host}: ${posted.why}`);
      return toldBy(posted.status, `${url.host} answered ${String(posted.status)}`, waitOf(posted.retryAfter, clock));
    },
  };
}

function parseUrl({ name, url: text }: WebhookOptions): URL {
  // The error of `new URL` holds its input, and so would one with it as its cause.
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && ['http:', 'https:'].includes(url.protocol)) return url;
  const hint =
    'Give one that begins with https:// or http://, with characters such as @ and / in a password as %40 and %2F.';
  throw new MeshproofError('MPE_INVALID_CONFIG', `the URL of webhook ${name} is not one that can be posted to`, {
    hint,
  });
}

async function signed(
  secretFile: string | undefined,
  what: Parameters<typeof signatureHeader>[1],
): Promise<Readonly<Record<string, string>> | null> {
  if (secretFile === undefined) return {};
  // Whatever keeps it from being read: what is not signed is not sent.
  const secrets = parseSecrets(await readFile(secretFile, 'utf8').catch(() => ''));
  return secrets.length === 0 ? null : { 'webhook-signature': signatureHeader(secrets, what) };
}

/**
 * Any 2xx is success and anything else is not (standard-webhooks: spec/standard-webhooks.md, Delivery success and
 * failure). Answers of an overloaded receiver, or of a proxy in front of one that is gone, say nothing about the event;
 * answers about the body itself will be the same next time.
 */
function toldBy(status: number, why: string, retryAfterMs: number | null): Told {
  if (status >= 200 && status < 300) return TOLD;
  if ([429, 502, 503, 504].includes(status)) return { kind: 'away', why, retryAfterMs };
  if ([400, 405, 410, 413, 415, 422].includes(status)) return { kind: 'rejected', why };
  return { kind: 'refused', why, retryAfterMs };
}

function away(why: string): Told {
  return { kind: 'away', why, retryAfterMs: null };
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function waitOf(retryAfter: string | null, clock: Pick<Clock, 'nowMs'>): number | null {
  if (retryAfter === null) return null;
  const ms = /^\s*\d+\s*$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - clock.nowMs();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS) : null;
}
