/** The one gRPC stream to the controller. */
import { readFile } from 'node:fs/promises';
import type { ClientDuplexStream, status as GrpcStatus } from '@grpc/grpc-js';
import type { AgentMessage, ControllerMessage } from '../../proto/gen/meshproof/v1/session.ts';
import { addressText } from '../../proto/vocabulary.ts';
import type { Address } from '../../proto/vocabulary.ts';
import { readBearerToken } from '../bearer-token.ts';
import { OwnSocket } from './own-socket.ts';
import { MAX_MESSAGE_BYTES } from '../../proto/wire.ts';

/** Why a stream ended; `code` is the name of the gRPC status, where there was one. */
export type UplinkEnd =
  /** The controller does not want this agent: its token is not good for what it claims. */
  | { readonly kind: 'refused'; readonly why: string; readonly code?: string }
  | { readonly kind: 'lost'; readonly why: string; readonly code?: string }
  /** Ended in good order, by either side. */
  | { readonly kind: 'closed' };

export interface UplinkEvents {
  readonly onMessage: (message: ControllerMessage) => void;
  /** After a send that answered false: the transport takes more again. */
  readonly onWritable: () => void;
  /** Exactly once; nothing comes after it. */
  readonly onEnd: (end: UplinkEnd) => void;
}

export interface Uplink {
  /** False: hold further messages until `onWritable`. This one is taken all the same. */
  readonly send: (message: AgentMessage) => boolean;
  /** Ends our side; the controller ends its own in answer. */
  readonly end: () => void;
  readonly cancel: () => void;
  /** Our end of the connection that carries the stream; undefined where it was not seen. */
  readonly localAddress: () => Address | undefined;
}

export type OpenUplink = (events: UplinkEvents) => Promise<Uplink>;

export interface UplinkOptions {
  readonly controller: Address;
  /** PEM file; read at every stream, so that a rotated CA needs no restart. */
  readonly caFile: string;
  /** Sent as bearer token; read at every stream. */
  readonly tokenFile: string;
}

const KEEPALIVE_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;

/** A stream has its own channel: a channel's own reconnects would hide from us that the path was lost. */
export function grpcUplink(options: UplinkOptions): OpenUplink {
  return async (events) => {
    const [grpc, { SessionClient }, ca, token] = await Promise.all([
      import('@grpc/grpc-js'),
      import('../../proto/gen/meshproof/v1/session.ts'),
      readFile(options.caFile),
      readBearerToken(options.tokenFile),
    ]);
    const socket = new OwnSocket(options.controller);
    const target = addressText(options.controller);
    const client = new SessionClient(target, grpc.credentials.createSsl(ca), {
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
      'grpc.keepalive_permit_without_calls': 1,
      'grpc.enable_retries': 0,
      'grpc.enable_channelz': 0,
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    });
    const metadata = new grpc.Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    const { UNAUTHENTICATED, PERMISSION_DENIED, OK } = grpc.status;
    const call = client.connect(metadata);
    // A channel whose stream has spoken opens no other socket.
    call.once('data', () => {
      socket[Symbol.dispose]();
    });
    listen(call, events, (code, details): UplinkEnd => {
      client.close();
      socket[Symbol.dispose]();
      if (code === OK) return { kind: 'closed' };
      const isRefusal = code === UNAUTHENTICATED || code === PERMISSION_DENIED;
      return { kind: isRefusal ? 'refused' : 'lost', why: `${grpc.status[code]}: ${details}`, code: grpc.status[code] };
    });
    return {
      send: (message) => call.write(message),
      end: () => {
        call.end();
      },
      cancel: () => {
        call.cancel();
      },
      localAddress: () => socket.local,
    };
  };
}

function listen(
  call: ClientDuplexStream<AgentMessage, ControllerMessage>,
  events: UplinkEvents,
  endOf: (code: GrpcStatus, details: string) => UplinkEnd,
): void {
  call.on('data', events.onMessage);
  call.on('drain', events.onWritable);
  // Its status follows in `status`; without a listener the process would end here.
  call.on('error', () => undefined);
  call.on('status', ({ code, details }) => {
    events.onEnd(endOf(code, details));
  });
}
