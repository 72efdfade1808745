/** Everything that an installation consists of, in the order to apply it in, each object with what it is for. */
import { Document, isMap, isSeq } from 'yaml';
import type { Fields } from '../declared/reading.ts';
import { cronJob } from './cron-job.ts';
import type { CronJobOptions } from './cron-job.ts';
import { CONTROLLER_ACCOUNT, OUR_LABELS, PROBER_ACCOUNT } from './names.ts';
import { baselinesRole, clusterRole, namespaceRole, rootRole, serveRole, userRole, viewerRole } from './rbac.ts';
import type { RbacOptions, ServeRights } from './rbac.ts';
import { claim, deployment, lease, service } from './serve.ts';

export type InstallOptions = CronJobOptions & RbacOptions;

export interface Manifest {
  /** One sentence. */
  readonly what: string;
  readonly object: Fields;
  /** Of the rules of a Role, one sentence each. */
  readonly whys?: readonly string[];
}

export function manifests(options: InstallOptions): readonly Manifest[] {
  const { ownNamespace } = options;
  return [
    {
      what: 'Everything of meshproof that stays. Pod Security "restricted" holds for it, and no sidecar comes into it.',
      object: {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: {
          name: ownNamespace,
          labels: {
            ...OUR_LABELS,
            'istio-injection': 'disabled',
            'pod-security.kubernetes.io/enforce': 'restricted',
          },
        },
      },
    },
    { what: 'A sweep runs as this account.', object: account(CONTROLLER_ACCOUNT, ownNamespace) },
    {
      what: 'The probe that looks at each port from outside of the mesh; it has no rights.',
      object: account(PROBER_ACCOUNT, ownNamespace),
    },
    ...rights(options),
    ...(options.baselines === true ? baselinesRole(options) : []).map((role) => {
      return { what: 'Jobs of sweeps keep baselines here, and read them.', ...role };
    }),
    {
      what: 'What somebody needs who starts sweeps from a laptop. Bind it: whoever has it acts with the rights of a sweep.',
      ...userRole(options),
    },
    {
      what:
        options.schedule === undefined
          ? 'The template of each sweep; suspended: meshproof matrix makes Jobs from it.'
          : 'Sweeps by itself on its schedule; and meshproof matrix makes Jobs from it.',
      object: cronJob(options),
    },
    ...(options.serve === undefined ? [] : serve(options, options.serve)),
  ];
}

function serve(options: InstallOptions, rights: ServeRights): readonly Manifest[] {
  const made = { ...options, ...rights };
  return [
    ...serveRole(options).map((role) => ({ what: 'Who measures, and where its Service leads.', ...role })),
    { what: 'What somebody needs who looks at the page or at the API. Bind it.', ...viewerRole(options) },
    { what: 'Whoever holds it measures.', object: lease(made) },
    { what: 'What the controller remembers: transitions, sweeps, and where agents are.', object: claim(made) },
    {
      what: 'Leads to the controller that measures: its page, its API, its metrics, and its agents.',
      object: service(made),
    },
    { what: 'The controller that stays.', object: deployment(made) },
  ];
}

/** One YAML document a manifest, with what it is for above it, and above each rule why it is there. */
export function manifestsYaml(all: readonly Manifest[]): string {
  return all.map((manifest) => `---\n# ${manifest.what}\n${yamlOf(manifest)}`).join('');
}

function yamlOf({ object, whys = [] }: Manifest): string {
  // The same labels stand in many places, each of them written out: no anchors for people to follow.
  const document = new Document(object, { aliasDuplicateObjects: false });
  const rules = document.get('rules');
  for (const [at, rule] of (isSeq(rules) ? rules.items : []).entries()) {
    if (!isMap(rule)) continue;
    rule.flow = true;
    rule.commentBefore = ` ${whys[at] ?? ''}`;
  }
  return document.toString({ lineWidth: 0 });
}

function rights(options: InstallOptions): readonly Manifest[] {
  const { namespaces, ownNamespace, rootNamespace } = options;
  const root = rootRole(options).map((made) => {
    return { what: 'The configuration of the mesh, in the namespace of its control plane.', ...made };
  });
  if (namespaces === 'all') {
    const what = 'A sweep reads what is declared, and places a Job for each of its probes; nothing else is written.';
    return [...clusterRole(options).map((made) => ({ what, ...made })), ...root];
  }
  const what = 'A sweep reads what is declared here, and places a Job for each of its probes; nothing else is written.';
  const measured = new Set([ownNamespace, ...namespaces]);
  const own = [...measured].flatMap((namespace) => namespaceRole(namespace, options));
  return [...own.map((made) => ({ what, ...made })), ...(measured.has(rootNamespace) ? [] : root)];
}

function account(name: string, namespace: string): Fields {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace, labels: OUR_LABELS },
    // A token of the API server is mounted where a pod asks for it, which only a controller's does.
    ...(name === PROBER_ACCOUNT && { automountServiceAccountToken: false }),
  };
}
