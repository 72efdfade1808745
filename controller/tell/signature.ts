/** Signatures of a webhook, in the way of Standard Webhooks, so that a receiver can check them with a library that is there. */
import { createHmac } from 'node:crypto';

export interface Signed {
  readonly id: string;
  /** Of this try, seconds since 1970: a receiver refuses what is too old to be no replay. */
  readonly timestampS: number;
  readonly body: string;
}

/**
 * Value of `webhook-signature`: `v1,` and the HMAC-SHA256 of `id.timestamp.body`, base64; one a secret, parted by
 * blanks. (standard-webhooks: spec/standard-webhooks.md, Signature scheme.)
 */
export function signatureHeader(secrets: readonly Uint8Array[], { id, timestampS, body }: Signed): string {
  const content = `${id}.${String(timestampS)}.${body}`;
  return secrets.map((secret) => `v1,${createHmac('sha256', secret).update(content).digest('base64')}`).join(' ');
}

/**
 * Secrets out of a file, a line each: the new one and, while receivers change over, the old one. `whsec_` stands before
 * base64; any other line is taken as it is. Empty where there is none.
 */
export function parseSecrets(text: string): readonly Uint8Array[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => (line.startsWith('whsec_') ? Buffer.from(line.slice(6), 'base64') : Buffer.from(line, 'utf8')))
    .filter((secret) => secret.byteLength > 0);
}
