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
/** The container of the controller's pod: of a sweep's, the log is read, and probes take over its image. */
export const CONTAINER = 'meshproof';

/** What sweeps may do beside measuring, where they keep baselines in the cluster. */
export const BASELINES_ROLE = 'meshproof-baselines';

/** Of the controller that stays: its Deployment, its Service, its claim and its Lease. */
export const SERVE = 'meshproof';
/** What it may do in its own namespace. */
export const SERVE_ROLE = 'meshproof-serve';
/** Role for those who look at the page; an installation binds it to nobody. */
export const VIEWER_ROLE = 'meshproof-viewer';
/** Of resources that are nobody's: rights on them are rights at the controller's own API. */
export const API_GROUP = 'meshproof.io';

/** Where the controller listens for agents, inside the cluster. */
export const CONTROLLER_PORT = 7443;
/** Of page, API and metrics. */
export const WEB_PORT = 9440;
/** What the controller that stays remembers, and the only folder that it writes to. */
export const STORE_FOLDER = '/var/lib/meshproof';

export const SWEEP_LABEL = 'meshproof.io/sweep';
export const ROLE_LABEL = 'meshproof.io/role';
/** On the one pod of the controller that leads; its Service selects it. */
export const LEADER_LABEL = 'meshproof.io/leader';

/** On everything that is made by or for us. */
export const OUR_LABELS: Readonly<Record<string, string>> = {
  'app.kubernetes.io/name': 'meshproof',
  'app.kubernetes.io/part-of': 'meshproof',
  'app.kubernetes.io/managed-by': 'meshproof',
};

/** Tells the controller that stays from those of sweeps. */
export const SERVE_LABELS: Readonly<Record<string, string>> = {
  ...OUR_LABELS,
  'app.kubernetes.io/component': 'serve',
};

/** UID and GID of everything of ours; 1337 is Istio's own, and what runs as it is not captured. */
export const NOBODY = 65_532;

/** The same in every image of ours, whatever its entry point is. */
export const COMMAND: readonly string[] = ['node', '/app/bin/meshproof.js'];

/**
 * Of the controller's Node. Young objects get 4 MB before they are looked through, not 16: a snapshot of 500 pods costs
 * 180 MB of memory with it, 250 to 306 without (Node 24).
 */
export const NODE_OPTIONS = '--max-semi-space-size=4';
