/** `requestPrincipals` as Envoy matches them: issuer and subject are two claims, split at the last slash of the value. */
import type { Message } from '../../../deploy/sandbox/envoy/message.ts';
import { jwtMatcher } from './matchers.ts';

const ANY: Message = { safe_regex: { regex: '.+' } };

/** istio: pilot/pkg/security/authz/model/generator.go:requestPrincipalGenerator */
export function ofRequestPrincipal(value: string): Message {
  const [issuer, subject] = issuerAndSubject(value);
  return { and_ids: { ids: [claim('iss', issuer), claim('sub', subject)] } };
}

function claim(name: string, match: Message): Message {
  return { metadata: jwtMatcher([name], { string_match: match }) };
}

function issuerAndSubject(value: string): readonly [Message, Message] {
  const slash = value.lastIndexOf('/');
  const hasSlash = slash >= 0;
  const issuer = hasSlash ? value.slice(0, slash) : value;
  const subject = hasSlash ? value.slice(slash + 1) : '';
  if (value === '*') return [ANY, ANY];
  if (value.startsWith('*')) {
    if (!hasSlash) return [ANY, { suffix: value.slice(1) }];
    return [issuer === '*' ? ANY : { suffix: issuer.slice(1) }, { exact: subject }];
  }
  if (value.endsWith('*')) {
    if (!hasSlash) return [{ prefix: value.slice(0, -1) }, ANY];
    return [{ exact: issuer }, subject === '*' ? ANY : { prefix: subject.slice(0, -1) }];
  }
  return [{ exact: issuer }, { exact: subject }];
}
