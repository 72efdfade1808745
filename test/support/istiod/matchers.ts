/** How istiod turns the values of a policy into Envoy's matchers. */
import type { Message } from '../../../deploy/sandbox/envoy/message.ts';

/** istio: pilot/pkg/security/authz/matcher/string.go:StringMatcherWithPrefix. Text after a leading `*` is not quoted in the regular expression. */
export function stringMatcher(value: string, prefix = ''): Message {
  if (value === '*') return { safe_regex: { regex: '.+' } };
  if (value.startsWith('*')) {
    const rest = value.slice(1);
    return prefix === '' ? { suffix: rest } : { safe_regex: { regex: `${prefix}.*${rest}` } };
  }
  return value.endsWith('*') ? { prefix: `${prefix}${value.slice(0, -1)}` } : { exact: `${prefix}${value}` };
}

/** istio: pilot/pkg/security/authz/matcher/header.go; hosts are compared without regard to case. */
export function headerMatcher(name: string, value: string, ignoresCase = false): Message {
  if (value === '*') return { name, present_match: true };
  const match = value.startsWith('*')
    ? { suffix: value.slice(1) }
    : value.endsWith('*')
      ? { prefix: value.slice(0, -1) }
      : { exact: value };
  return { name, string_match: { ...match, ...(ignoresCase && { ignore_case: true }) } };
}

/** A text or a list with such a text in it. istio: pilot/pkg/security/authz/matcher/metadata.go:MetadataListValueMatcher */
export function claimMatcher(path: readonly string[], values: readonly string[]): Message {
  const each = values.map((value) => ({ string_match: stringMatcher(value) }));
  const any = each.length === 1 ? each[0] : { or_match: { value_matchers: each } };
  return jwtMatcher(path, { or_match: { value_matchers: [{ list_match: { one_of: any } }, any] } });
}

export function jwtMatcher(path: readonly string[], value: Message): Message {
  return {
    filter: 'envoy.filters.http.jwt_authn',
    path: ['payload', ...path].map((key) => ({ key })),
    value,
  };
}

/** CIDR or address; null for what Go's netip does not parse. */
export function cidr(value: string): Message | null {
  const found =
    /^(?<address>\d{1,3}(?:\.\d{1,3}){3})(?:\/(?<length>0|[1-9]\d?))?$/.exec(value) ??
    /^(?<address>[0-9a-f:]*:[0-9a-f:]*)(?:\/(?<length>0|[1-9]\d{0,2}))?$/i.exec(value);
  const address = found?.groups?.['address'];
  if (address === undefined) return null;
  const full = address.includes(':') ? 128 : 32;
  const length = Number(found?.groups?.['length'] ?? full);
  const isAddress = full === 128 || address.split('.').every((part) => Number(part) < 256 && !/^0\d/.test(part));
  return isAddress && length <= full ? { address_prefix: address, prefix_len: length } : null;
}

/** Decimal digits only, 0 to 65535. istio: pilot/pkg/security/authz/model/util.go:convertToPort */
export function portNumber(value: string): number | null {
  return /^\d+$/.test(value) && Number(value) <= 65535 ? Number(value) : null;
}
