/** All objects of a collection at one version, fetched page by page. */
import type { K8sObject } from '../../declared/objects.ts';
import { fields, isFields, list, text } from '../../declared/reading.ts';
import type { ApiServer, Query } from '../../api-server/api-server.ts';
import type { ServedKind } from './kinds.ts';
import { pathOf } from './kinds.ts';
import { neededOf } from './needed.ts';
import { isStatus } from '../../api-server/trouble.ts';
import type { Trouble } from '../../api-server/trouble.ts';

/** One kind in one namespace, or in the whole cluster. */
export interface Scope {
  readonly kind: ServedKind;
  /** Null: the whole cluster. */
  readonly namespace: string | null;
}

export interface Listed {
  readonly kind: 'listed';
  readonly objects: ReadonlyMap<string, K8sObject>;
  /** Where a watch goes on from. */
  readonly resourceVersion: string;
}

/** Of pods with sidecars some 4 MB: half of what client-go asks for, for the sake of memory. */
const PAGE = 250;

/**
 * Pages of one list show the state at one moment, for as long as the server remembers that moment: where it has forgotten
 * (410 on a page), the list is taken from its start, in one piece, as client-go does (tools/pager/pager.go:FullListIfExpired).
 */
export async function listAll(api: ApiServer, scope: Scope, signal: AbortSignal): Promise<Listed | Trouble> {
  const paged = await listBy(api, scope, { limit: String(PAGE) }, signal);
  return paged.kind === 'status' && isStatus(paged, 410) ? await listBy(api, scope, {}, signal) : paged;
}

async function listBy(api: ApiServer, scope: Scope, query: Query, signal: AbortSignal): Promise<Listed | Trouble> {
  const { kind, namespace } = scope;
  const objects = new Map<string, K8sObject>();
  let token = '';
  for (;;) {
    const page = token === '' ? query : { ...query, continue: token };
    const answer = await api.get(pathOf(kind, namespace), { ...selectorOf(kind), ...page }, signal);
    if (answer.kind !== 'answer') return answer;
    const { items } = fields(answer.body);
    const metadata = fields(answer.body, 'metadata');
    const resourceVersion = text(metadata['resourceVersion']);
    if (!(Array.isArray(items) || items === null) || resourceVersion === undefined) return noList(kind);
    for (const item of list(items)) {
      const object = neededOf(kind, item);
      if (object !== null) objects.set(keyOf(item), object);
    }
    token = text(metadata['continue']) ?? '';
    if (token === '') return { kind: 'listed', objects, resourceVersion };
  }
}

export function selectorOf({ fieldSelector }: ServedKind): Query {
  return fieldSelector === undefined ? {} : { fieldSelector };
}

/** Of an object as the server gives it. */
export function keyOf(given: unknown): string {
  const { namespace, name } = isFields(given) ? fields(given['metadata']) : {};
  return `${text(namespace) ?? ''}/${text(name) ?? ''}`;
}

/** Somebody else answers in the server's place: a login page, a proxy. */
function noList({ plural }: ServedKind): Trouble {
  return { kind: 'broken', says: `the answer is no list of ${plural}`, isLasting: false };
}
