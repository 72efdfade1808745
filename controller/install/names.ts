/** What an installation consists of, by name; a laptop finds the sweep's template by them. */

/** @default of --own-namespace */
export const OWN_NAMESPACE = 'meshproof';
/** @default of --root-namespace */
export const ROOT_NAMESPACE = 'istio-system';

export const CONTROLLER_ACCOUNT = 'meshproof-controller';
export const PROBER_ACCOUNT = 'meshproof-prober';
/** A suspended CronJob: the template of every sweep's Job, and the schedule where one is wanted. */
export const CRON_JOB = 'meshproof-matrix';
/** Role for those who start sweeps; an installation binds it to nobody. */
export const USER_ROLE = 'meshproof-user';
/** The container of the sweep's pod, whose log is read. */
export const CONTAINER = 'meshproof';

/** Where the controller listens for agents, inside the cluster. */
export const CONTROLLER_PORT = 7443;

export const SWEEP_LABEL = 'meshproof.io/sweep';
export const ROLE_LABEL = 'meshproof.io/role';

/** On everything that is made by or for us. */
export const OUR_LABELS: Readonly<Record<string, string>> = {
  'app.kubernetes.io/name': 'meshproof',
  'app.kubernetes.io/part-of': 'meshproof',
  'app.kubernetes.io/managed-by': 'meshproof',
};

/** UID and GID of everything of ours; 1337 is Istio's own, and what runs as it is not captured. */
export const NOBODY = 65_532;

/** The same in every image of ours, whatever its entry point is. */
export const COMMAND: readonly string[] = ['node', '/app/bin/meshproof.js'];
