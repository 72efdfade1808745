/** Checks of `doctor` on the cluster, the installation in it, and who may do what. */
import { EXIT, MeshproofError } from '../../proto/errors.ts';
import { fields, list, text } from '../declared/reading.ts';
import { CONTAINER, CONTROLLER_ACCOUNT, CRON_JOB, OWN_NAMESPACE, ROOT_NAMESPACE } from '../install/names.ts';
import { CONTROLLER_PERMISSIONS, USER_PERMISSIONS } from '../install/permissions.ts';
import type { Permission } from '../install/permissions.ts';
import { look, notSeen } from './doctor-context.ts';
import type { Check, CheckResult, Checkup } from './doctor-context.ts';
import { missingRights, rightWords, rightsOf, ruleLines } from './rights.ts';
import type { Right, Subject } from './rights.ts';

/** Rejects where the API server does not answer: nothing else can be looked at then. */
export const checkServer: Check = async (checkup, signal) => {
  const access = { verb: 'get', apiGroup: '', resource: 'version' } as const;
  const found = await look(checkup, access, '/version', signal);
  if (found.kind === 'refused') return [notSeen('API server', found)];
  const version = found.kind === 'found' ? (text(found.body['gitVersion']) ?? 'of unknown version') : 'of no version';
  return [{ check: 'API server', state: 'ok', says: `Kubernetes ${version} at ${checkup.server}` }];
};

export const checkInstallation: Check = async (checkup, signal) => {
  const { ownNamespace, rootNamespace } = checkup;
  const check = 'installation';
  const access = { verb: 'get', apiGroup: 'batch', resource: 'cronjobs', namespace: ownNamespace } as const;
  const found = await look(checkup, access, `/apis/batch/v1/namespaces/${ownNamespace}/cronjobs/${CRON_JOB}`, signal);
  if (found.kind === 'refused') return [{ check, state: 'unsure', says: found.why, fix: found.fix }];
  if (found.kind === 'absent') {
    const says = `no CronJob ${CRON_JOB} in namespace ${ownNamespace}`;
    const own = ownNamespace === OWN_NAMESPACE ? '' : ` --own-namespace ${ownNamespace}`;
    const root = rootNamespace === ROOT_NAMESPACE ? '' : ` --root-namespace ${rootNamespace}`;
    const fix = `meshproof install${own}${root} | kubectl apply -f -`;
    return [{ check, state: 'fails', says, fix, exitStatus: EXIT.unreachable }];
  }
  const spec = fields(found.body, 'spec');
  const containers = list(fields(spec, 'jobTemplate', 'spec', 'template', 'spec')['containers']);
  const ours = containers.map((one) => fields(one)).find(({ name }) => name === CONTAINER);
  const when = spec['suspend'] === true ? 'on demand' : `on demand and at ${text(spec['schedule']) ?? ''}`;
  return [
    { check, state: 'ok', says: `namespace ${ownNamespace}, image ${text(ours?.['image']) ?? 'unknown'}, ${when}` },
  ];
};

/** Of those who start sweeps from a laptop. */
export const checkUserRights: Check = async (checkup, signal) => {
  if (checkup.isController) return [];
  return rights('your rights', checkup, [{ permissions: USER_PERMISSIONS, namespace: checkup.ownNamespace }], signal);
};

/** Of the account that sweeps run as: cluster-wide, or in each namespace that is to be measured. */
export const checkControllerRights: Check = async (checkup, signal) => {
  const { ownNamespace, rootNamespace, namespaces, isController } = checkup;
  const served = await servedGroups(checkup, signal);
  const check = "the controller's rights";
  const subject = isController ? undefined : { namespace: ownNamespace, serviceAccount: CONTROLLER_ACCOUNT };
  const of = (scope: Permission['scope']): readonly Permission[] =>
    CONTROLLER_PERMISSIONS.filter((permission) => permission.scope === scope && served.has(permission.apiGroup));
  const places = [
    { permissions: of('cluster') },
    { permissions: of('root'), namespace: rootNamespace },
    ...(namespaces === 'all'
      ? [{ permissions: of('targets') }]
      : [ownNamespace, ...namespaces].map((namespace) => ({ permissions: of('targets'), namespace }))),
  ];
  try {
    return await rights(check, checkup, places, signal, subject);
  } catch (error) {
    if (!(error instanceof MeshproofError) || error.code !== 'MPE_NOT_PERMITTED') throw error;
    const fix = 'Somebody who may create SubjectAccessReviews can; or a sweep in the cluster finds out.';
    return [{ check, state: 'unsure', says: `not looked at: ${error.message}`, fix }];
  }
};

/** What nobody can have made need not be read. Everything where it may not be asked. */
async function servedGroups(checkup: Checkup, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const found = await look(checkup, { verb: 'get', apiGroup: '', resource: 'apis' }, '/apis', signal);
  if (found.kind !== 'found') return new Set(CONTROLLER_PERMISSIONS.map(({ apiGroup }) => apiGroup));
  return new Set(['', ...list(found.body['groups']).flatMap((group) => text(fields(group)['name']) ?? [])]);
}

interface Place {
  readonly permissions: readonly Permission[];
  /** Absent: everywhere. */
  readonly namespace?: string;
}

async function rights(
  check: string,
  { api }: Checkup,
  places: readonly Place[],
  signal: AbortSignal,
  subject?: Subject,
): Promise<readonly CheckResult[]> {
  const asked = places.flatMap(({ permissions, namespace }) => rightsOf(permissions, namespace));
  const missing = await missingRights(api, asked, signal, subject);
  if (missing.length === 0) return [{ check, state: 'ok', says: `all ${String(asked.length)} that are needed` }];
  const byPlace = Map.groupBy(missing, ({ namespace = '', permission: { without = '' } }) => `${namespace}|${without}`);
  return [...byPlace.values()].map((group) => lacking(check, group));
}

function lacking(check: string, missing: readonly Right[]): CheckResult {
  const [first] = missing;
  const where = first?.namespace === undefined ? 'cluster-wide' : `in namespace ${first.namespace}`;
  const says = `missing ${where}: ${rightWords(missing)}`;
  const fix = ruleLines(missing).join('\n');
  const without = first?.permission.without;
  if (without !== undefined) return { check, state: 'unsure', says: `${says}. ${without}`, fix };
  return { check, state: 'fails', says, fix, exitStatus: EXIT.notPermitted };
}
