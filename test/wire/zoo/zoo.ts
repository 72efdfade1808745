/** Everything that misbehaves, in one list. */
import { ANSWERS } from './answers.ts';
import type { Animal } from './animal.ts';
import { CERTIFICATES } from './certificates.ts';
import { CONNECTING } from './connecting.ts';
import { HANDSHAKES } from './handshakes.ts';
import { HTTP2 } from './http2.ts';
import { LOOKUPS } from './lookups.ts';
import { PLAINTEXT } from './plaintext.ts';

export const ZOO: readonly Animal[] = [
  ...CONNECTING,
  ...LOOKUPS,
  ...PLAINTEXT,
  ...ANSWERS,
  ...HTTP2,
  ...HANDSHAKES,
  ...CERTIFICATES,
];
