/** The words after `sandbox set`: targets, and what is to be in force there. */
import { MeshproofError } from '../../proto/errors.ts';
import { changeSchema, type Change } from '../../deploy/sandbox/change.ts';
import { podsOf } from '../../deploy/sandbox/pods.ts';
import type { Reality } from '../../deploy/sandbox/reality.ts';
import { nearest } from '../gate/nearest.ts';

/** Each with what it takes; `to` names what `tls` is about. */
const VALUES = {
  mode: changeSchema.shape.mode.unwrap().options,
  app: changeSchema.shape.app.unwrap().options,
  certificate: changeSchema.shape.certificate.unwrap().options,
  identity: ['own', 'spiffe://…'],
  authorization: changeSchema.shape.authorization.unwrap().options,
  to: ['[NAMESPACE/]SERVICE[:PORT]'],
  tls: changeSchema.shape.outbound.unwrap().shape.tls.options,
} as const satisfies Readonly<Record<string, readonly string[]>>;

type Key = keyof typeof VALUES;

const KEYS = Object.keys(VALUES) as readonly Key[];

/**
 * `pay:8080 mode=PERMISSIVE wallet/card certificate=valid`: a word without `=` is a target, and what follows is of it.
 * Throws MPE_USAGE for what the reality does not have, with what it has and the nearest name.
 */
export function parseChanges(words: readonly string[], reality: Reality): readonly Change[] {
  const groups: { readonly target: string; readonly pairs: [Key, string][] }[] = [];
  for (const word of words) {
    const [, key, value] = /^([^=]*)=(.*)$/s.exec(word) ?? [];
    const group = groups.at(-1);
    if (key === undefined || value === undefined) groups.push({ target: word, pairs: [] });
    else if (group === undefined) throw usage(`${word}: of what?`, 'A target comes first: pay:8080 mode=PERMISSIVE.');
    else group.pairs.push([keyNamed(key), value]);
  }
  return groups.map(({ target, pairs }) => changeOf(target, pairs, reality));
}

function changeOf(text: string, pairs: readonly [Key, string][], reality: Reality): Change {
  if (pairs.length === 0) {
    throw usage(`${text}: what is to be in force there?`, `Add KEY=VALUE with one of ${KEYS.join(', ')}.`);
  }
  const { target, port } = targetNamed(text, reality);
  const values = new Map<Key, string>();
  for (const [key, value] of pairs) {
    if (values.has(key)) throw usage(`${text}: ${key} twice`);
    values.set(key, valueNamed(key, value));
  }
  if (port !== undefined && !values.has('mode') && !values.has('app')) {
    const [key = ''] = values.keys();
    throw usage(`${text}: ${key} is not of a port`, `Leave out the port: ${target} ${key}=…`);
  }
  const outbound = outboundOf(text, values, reality);
  const parsed = changeSchema.safeParse({
    target,
    ...(port !== undefined && { port }),
    ...Object.fromEntries([...values].filter(([key]) => key !== 'to' && key !== 'tls')),
    ...(outbound && { outbound }),
  });
  if (parsed.success) return parsed.data;
  throw usage(`${text}: ${parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}`);
}

function outboundOf(text: string, values: ReadonlyMap<Key, string>, reality: Reality): object | undefined {
  const [to, tls] = [values.get('to'), values.get('tls')];
  if (to === undefined && tls === undefined) return undefined;
  if (to === undefined || tls === undefined) {
    throw usage(`${text}: tls towards which service?`, `Both are needed: ${text} to=SERVICE tls=DISABLE.`);
  }
  const { name, port } = split(to);
  const service = nameAmong(name, Object.keys(reality.services), 'service');
  const ports = Object.keys(reality.services[service]?.ports ?? {});
  if (port !== undefined && !ports.includes(String(port))) {
    throw usage(`service ${service} has no port ${String(port)}`, `It has ${ports.join(', ')}.`);
  }
  return { to: service, ...(port !== undefined && { port }), tls };
}

function targetNamed(text: string, reality: Reality): { readonly target: string; readonly port?: number } {
  const { name, port } = split(text);
  const pods = podsOf(reality);
  const target = nameAmong(name, [...new Set(pods.flatMap(({ workload, key }) => [workload, key]))], 'workload or pod');
  if (port === undefined) return { target };
  const own = pods.filter(({ workload, key }) => workload === target || key === target);
  const ports = [...new Set(own.flatMap((pod) => [...pod.ports.keys()]))];
  if (ports.includes(port)) return { target, port };
  throw usage(`${target} has no port ${String(port)}`, portHint(target, port, ports, reality));
}

/** People know services by their ports, but it is the pod's port that something is in force on. */
function portHint(target: string, port: number, ports: readonly number[], reality: Reality): string {
  if (ports.length === 0) return 'It has none.';
  const targetPort = Object.values(reality.services)
    .filter(({ endpoints }) => endpoints.includes(target))
    .flatMap((service) => service.ports[String(port)]?.targetPort ?? [])
    .find((one) => ports.includes(one));
  if (targetPort === undefined) return `It has ${ports.join(', ')}.`;
  return `${String(port)} is the Service's; the pod's own port is ${String(targetPort)}: ${target}:${String(targetPort)}.`;
}

function split(text: string): { readonly name: string; readonly port?: number } {
  const [, name = text, port] = /^(.*?)(?::(\d+))?$/s.exec(text) ?? [];
  return { name, ...(port !== undefined && { port: Number(port) }) };
}

/** With its namespace; it may be left out where only one namespace has the name. */
function nameAmong(name: string, known: readonly string[], what: string): string {
  if (known.includes(name)) return name;
  const short = (one: string): string => one.slice(one.indexOf('/') + 1);
  const [found, ...others] = name.includes('/') ? [] : known.filter((one) => short(one) === name);
  if (found !== undefined && others.length === 0) return found;
  if (found !== undefined) {
    throw usage(`${name} is the name of more than one ${what}`, `Name one of ${[found, ...others].join(', ')}.`);
  }
  const candidates = name.includes('/') ? known : known.map(short);
  throw usage(`there is no ${what} "${name}"`, hint(name, candidates, known));
}

function keyNamed(text: string): Key {
  const known = KEYS.find((key) => key === text);
  if (known !== undefined) return known;
  throw usage(`there is no "${text}" to be set`, hint(text, KEYS, KEYS));
}

function valueNamed(key: Key, text: string): string {
  const known: readonly string[] = VALUES[key];
  const isFree = known.some((one) => /[…[]/.test(one));
  if (isFree || known.includes(text)) return text;
  const upper = known.find((one) => one.toLowerCase() === text.toLowerCase().replaceAll('-', '_'));
  throw usage(`${key}=${text}: there is no such value`, upper === undefined ? hint(text, known, known) : meant(upper));
}

function hint(text: string, candidates: readonly string[], known: readonly string[]): string {
  const close = nearest(text, candidates);
  return close === undefined ? `There are ${known.join(', ')}.` : meant(close);
}

function meant(one: string): string {
  return `Did you mean ${one}?`;
}

function usage(message: string, hintText?: string): MeshproofError {
  return new MeshproofError('MPE_USAGE', message, hintText === undefined ? {} : { hint: hintText });
}
