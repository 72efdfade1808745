/** gRPC over cleartext HTTP/2. */
import type { GrpcProbe } from '../../proto/vocabulary.ts';
import { attemptPlain } from './attempt.ts';
import type { Probe } from './probe.ts';
import { speakGrpc } from './speak-grpc.ts';

export const probeGrpc: Probe<GrpcProbe> = (task, deps, signal) => attemptPlain(task, deps, signal, speakGrpc);
