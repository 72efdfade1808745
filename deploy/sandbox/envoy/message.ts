/** Envoy's configuration as plain JSON: protobuf messages in their canonical JSON form. */
import type { Address } from '../../../proto/vocabulary.ts';

export type Message = Readonly<Record<string, unknown>>;

/** A message inside a `typed_config` field; `type` is the full protobuf name. */
export function typed(type: string, fields: Message = {}): Message {
  return { '@type': `type.googleapis.com/${type}`, ...fields };
}

/** One extension as a filter, transport socket or formatter names it. */
export function extension(name: string, type: string, fields: Message = {}): Message {
  return { name, typed_config: typed(type, fields) };
}

export function socketAddress(address: Address): Message {
  return { socket_address: { address: address.host, port_value: address.port } };
}

/** A listener's address, for it alone: by default two Envoys could listen on one address and share its connections. */
export function ownSocket(address: Address): Message {
  return { address: socketAddress(address), enable_reuse_port: false };
}
