/** Bytes that are no HTTP, in plaintext. */
import type { TcpProbe } from '../../proto/vocabulary.ts';
import { attemptPlain } from './attempt.ts';
import type { Probe } from './probe.ts';
import { speakTcp } from './speak-tcp.ts';

export const probeTcp: Probe<TcpProbe> = (task, deps, signal) => attemptPlain(task, deps, signal, speakTcp);
