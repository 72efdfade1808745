/** Checks of `doctor` on the mesh: its control plane, its injector, its root certificate, and who may run there. */
import { EXIT } from '../../proto/errors.ts';
import { fields, integer, list, text } from '../declared/reading.ts';
import type { Fields } from '../declared/reading.ts';
import { itemsOf, look, notSeen } from './doctor-context.ts';
import type { Check, CheckResult, Checkup } from './doctor-context.ts';

/** Istio's own label of its control plane, of whatever revision; istio: manifests/charts/istio-control/istio-discovery. */
const ISTIOD = `labelSelector=${encodeURIComponent('app=istiod')}`;

/** In all namespaces, or in the one of the control plane where no more may be seen. */
export const checkControlPlane: Check = async (checkup, signal) => {
  const check = 'Istio';
  const { rootNamespace: namespace } = checkup;
  const access = { verb: 'list', apiGroup: 'apps', resource: 'deployments' } as const;
  const everywhere = await look(checkup, access, `/apis/apps/v1/deployments?${ISTIOD}`, signal);
  const there = `/apis/apps/v1/namespaces/${namespace}/deployments?${ISTIOD}`;
  const found =
    everywhere.kind === 'refused' ? await look(checkup, { ...access, namespace }, there, signal) : everywhere;
  if (found.kind === 'refused') return [notSeen(check, found)];
  const deployments = found.kind === 'found' ? itemsOf(found.body) : [];
  if (deployments.length === 0) {
    const fix = 'Install Istio, or use another --context.';
    return [{ check, state: 'fails', says: 'no istiod runs here', fix, exitStatus: EXIT.unreachable }];
  }
  return deployments.map((deployment) => istiod(check, deployment));
};

function istiod(check: string, deployment: Fields): CheckResult {
  const { namespace, name } = fields(deployment, 'metadata');
  const image = text(fields(list(fields(deployment, 'spec', 'template', 'spec')['containers'])[0])['image']) ?? '';
  const version = tagOf(image);
  const ready = integer(fields(deployment, 'status')['readyReplicas']) ?? 0;
  const where = `${text(namespace) ?? ''}/${text(name) ?? ''}`;
  if (ready > 0) return { check, state: 'ok', says: `${version}, ${where}, ${String(ready)} ready` };
  const fix = `Look at it: kubectl -n ${text(namespace) ?? ''} describe deployment ${text(name) ?? ''}`;
  return {
    check,
    state: 'fails',
    says: `${version}, ${where}: no replica is ready`,
    fix,
    exitStatus: EXIT.unreachable,
  };
}

/** `registry:5000/pilot:1.28.3`, `…@sha256:…` */
function tagOf(image: string): string {
  return /:([^:/@]+)(?:@.*)?$/.exec(image)?.[1] ?? 'of unknown version';
}

/** istio: pkg/webhooks and manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml */
export const checkInjector: Check = async (checkup, signal) => {
  const check = 'sidecar injector';
  const access = {
    verb: 'list',
    apiGroup: 'admissionregistration.k8s.io',
    resource: 'mutatingwebhookconfigurations',
  } as const;
  const query = `labelSelector=${encodeURIComponent('app=sidecar-injector')}`;
  const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations?${query}`;
  const found = await look(checkup, access, path, signal);
  if (found.kind === 'refused') return [notSeen(check, found)];
  const names = found.kind === 'found' ? itemsOf(found.body).map((item) => text(fields(item, 'metadata')['name'])) : [];
  if (names.length > 0) return [{ check, state: 'ok', says: names.join(', ') }];
  const says = 'no webhook of Istio: no pod is given a sidecar';
  return [{ check, state: 'unsure', says, fix: 'Right for a mesh without sidecars; else reinstall istiod.' }];
};

/** istiod writes it into every namespace that it serves; without it no certificate can be proved. */
export const checkMeshRoot: Check = async (checkup, signal) => {
  const namespaces = [checkup.ownNamespace, ...(checkup.namespaces === 'all' ? [] : checkup.namespaces)];
  const results = await Promise.all(namespaces.map((namespace) => meshRoot(checkup, namespace, signal)));
  return results.flat();
};

async function meshRoot(checkup: Checkup, namespace: string, signal: AbortSignal): Promise<readonly CheckResult[]> {
  const check = `mesh root in ${namespace}`;
  const name = 'istio-ca-root-cert';
  const access = { verb: 'get', apiGroup: '', resource: 'configmaps', namespace } as const;
  const found = await look(checkup, access, `/api/v1/namespaces/${namespace}/configmaps/${name}`, signal);
  // The probes mount it, which takes no right of anybody's.
  if (found.kind === 'refused') return [];
  if (found.kind === 'found') return [{ check, state: 'ok', says: `ConfigMap ${name}` }];
  const fix = 'See that istiod serves this namespace (discoverySelectors of the mesh).';
  return [{ check, state: 'unsure', says: `no ConfigMap ${name}: mutual TLS is not probed from here`, fix }];
}

/** Pod Security Admission: what our own pods satisfy, and what sidecars may not. */
export const checkPodSecurity: Check = async (checkup, signal) => {
  if (checkup.namespaces === 'all') return [];
  const results = await Promise.all(checkup.namespaces.map((namespace) => podSecurity(checkup, namespace, signal)));
  return results.flat();
};

async function podSecurity(checkup: Checkup, namespace: string, signal: AbortSignal): Promise<readonly CheckResult[]> {
  const check = `namespace ${namespace}`;
  const access = { verb: 'get', apiGroup: '', resource: 'namespaces', namespace } as const;
  const found = await look(checkup, access, `/api/v1/namespaces/${namespace}`, signal);
  if (found.kind === 'refused') return [notSeen(check, found)];
  if (found.kind === 'absent') {
    return [{ check, state: 'fails', says: 'it does not exist', fix: 'Name one that does.', exitStatus: EXIT.usage }];
  }
  const labels = fields(found.body, 'metadata', 'labels');
  const level = text(labels['pod-security.kubernetes.io/enforce']) ?? 'privileged';
  const isInjected = labels['istio-injection'] === 'enabled' || labels['istio.io/rev'] !== undefined;
  const says = `Pod Security ${level}, injection ${isInjected ? 'on' : 'off'}`;
  if (!isInjected || level === 'privileged') return [{ check, state: 'ok', says }];
  // istio: manifests/charts/istio-control/istio-discovery/files/injection-template.yaml, container istio-init
  const fix = 'Right where Istio CNI is installed; else no pod with a sidecar starts here, and no probe either.';
  return [{ check, state: 'unsure', says: `${says}: it forbids the istio-init container`, fix }];
}
