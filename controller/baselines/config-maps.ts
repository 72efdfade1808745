/** Baselines of a cluster: a ConfigMap each, in our own namespace. */
import { MeshproofError } from '../../proto/errors.ts';
import type { ApiAnswer, KubernetesApi } from '../api-server/kubernetes-api.ts';
import type { Access } from '../api-server/refusal.ts';
import { wordsOf } from '../api-server/trouble.ts';
import { fields, integer, list, text } from '../declared/reading.ts';
import type { Fields } from '../declared/reading.ts';
import type { Baseline } from '../gate/baseline.ts';
import { OUR_LABELS } from '../install/names.ts';
import { alreadyThere, checkName, notThere, summaryOf } from './baseline-store.ts';
import type { BaselineStore, BaselineSummary } from './baseline-store.ts';
import { packed, parseBaseline, unpacked } from './baseline-text.ts';

export const BASELINE_LABEL = 'meshproof.io/baseline';
const SUMMARY = 'meshproof.io/summary';
const KEY = 'baseline.json.gz';

/**
 * An object of 1 MiB is what a ConfigMap may hold (kubernetes: pkg/apis/core/types.go:MaxSecretSize), and etcd takes 1.5
 * MiB a request, in which these bytes are base64. So many leave room for both.
 */
export const MAX_PACKED_BYTES = 960 * 1024;

/** Rejects as `KubernetesApi.ask`, and with MPE_CLUSTER_UNREACHABLE where the API server does not take it. */
export function configMaps(api: Pick<KubernetesApi, 'ask'>, namespace: string): BaselineStore {
  const place = `the ConfigMaps of namespace ${namespace}`;
  const collection = `/api/v1/namespaces/${namespace}/configmaps`;
  const objectName = (name: string): string => `meshproof-baseline-${checkName(name)}`;
  const ask = (verb: Access['verb'], path: string, signal: AbortSignal, body?: Fields): Promise<ApiAnswer> => {
    const access: Access = { verb, apiGroup: '', resource: 'configmaps', namespace };
    return api.ask({ access, path, ...(body !== undefined && { body }) }, signal);
  };
  const listed = async (signal: AbortSignal): Promise<readonly unknown[]> => {
    const answer = await ask('list', `${collection}?labelSelector=${encodeURIComponent(BASELINE_LABEL)}`, signal);
    return list(fields(taken(answer, 'list baselines'))['items']);
  };
  const names = async (signal: AbortSignal): Promise<readonly string[]> => (await listed(signal)).map(nameOf).sort();
  return {
    place,
    save: async (baseline, mayReplace, signal) => {
      const bytes = packed(baseline);
      if (bytes.length > MAX_PACKED_BYTES) throw tooLarge(baseline, bytes.length);
      const name = objectName(baseline.name);
      const summary = summaryOf(baseline, bytes.length);
      const object = configMap(name, namespace, summary, bytes);
      const made = await ask('create', collection, signal, object);
      if (made.status === 404) throw noNamespace(namespace, made);
      if (made.status !== 409) {
        taken(made, `create ConfigMap ${name}`);
        return summary;
      }
      // What an outage swallowed is asked again: what is there may be our own.
      const there = fields(taken(await ask('get', `${collection}/${name}`, signal), `get ConfigMap ${name}`));
      if (fields(there, 'binaryData')[KEY] === fields(object, 'binaryData')[KEY]) return summary;
      if (!mayReplace) throw alreadyThere(baseline.name, place);
      taken(await ask('update', `${collection}/${name}`, signal, object), `update ConfigMap ${name}`);
      return summary;
    },
    has: async (name, signal) => {
      const answer = await ask('get', `${collection}/${objectName(name)}`, signal);
      if (answer.status !== 404) taken(answer, `get baseline ${name}`);
      return answer.status !== 404;
    },
    load: async (name, signal) => {
      const path = `${collection}/${objectName(name)}`;
      const answer = await ask('get', path, signal);
      if (answer.status === 404) throw notThere(name, await names(signal), place);
      const packedText = text(fields(taken(answer, `get baseline ${name}`), 'binaryData')[KEY]) ?? '';
      const called = `ConfigMap ${namespace}/${objectName(name)}`;
      return parseBaseline(unpacked(Buffer.from(packedText, 'base64'), called), called);
    },
    list: async (signal) => (await listed(signal)).map(summaryIn).sort((a, b) => (a.name < b.name ? -1 : 1)),
    delete: async (name, signal) => {
      const answer = await ask('delete', `${collection}/${objectName(name)}`, signal);
      if (answer.status === 404) throw notThere(name, await names(signal), place);
      taken(answer, `delete baseline ${name}`);
    },
  };
}

function configMap(name: string, namespace: string, summary: BaselineSummary, bytes: Uint8Array): Fields {
  const { name: baseline, finishedAt, cells, violations } = summary;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name,
      namespace,
      labels: { ...OUR_LABELS, [BASELINE_LABEL]: baseline },
      // What a list shows, so that it need not unpack them.
      annotations: { [SUMMARY]: JSON.stringify({ finishedAt, cells, violations }) },
    },
    binaryData: { [KEY]: Buffer.from(bytes).toString('base64') },
  };
}

function nameOf(object: unknown): string {
  return text(fields(object, 'metadata', 'labels')[BASELINE_LABEL]) ?? '';
}

function summaryIn(object: unknown): BaselineSummary {
  const told = summaryText(text(fields(object, 'metadata', 'annotations')[SUMMARY]) ?? '');
  const packedText = text(fields(object, 'binaryData')[KEY]) ?? '';
  return {
    name: nameOf(object),
    finishedAt: text(told['finishedAt']) ?? '',
    cells: integer(told['cells']) ?? 0,
    violations: integer(told['violations']) ?? 0,
    sizeBytes: Buffer.byteLength(packedText, 'base64'),
  };
}

/** Somebody may have edited it; the baseline itself is read all the same. */
function summaryText(json: string): Fields {
  try {
    return fields(JSON.parse(json));
  } catch {
    return {};
  }
}

function taken({ status, body }: ApiAnswer, attempted: string): unknown {
  if (status < 300) return body;
  throw new MeshproofError('MPE_CLUSTER_UNREACHABLE', `${attempted}: ${wordsOf(status, body)}`);
}

function noNamespace(namespace: string, { status, body }: ApiAnswer): MeshproofError {
  return new MeshproofError(
    'MPE_NOT_INSTALLED',
    `cannot keep a baseline in namespace ${namespace}: ${wordsOf(status, body)}`,
  );
}

function tooLarge({ name, cells }: Baseline, sizeBytes: number): MeshproofError {
  const size = `${String(Math.ceil(sizeBytes / 1024))} KiB compressed, of ${String(cells.length)} cells`;
  const message = `baseline ${name} does not fit into a ConfigMap: ${size}; there is room for ${String(MAX_PACKED_BYTES / 1024)}`;
  return new MeshproofError('MPE_USAGE', message, {
    hint: 'Save it of fewer namespaces (-n), or into a file (--file before.json.gz).',
  });
}
