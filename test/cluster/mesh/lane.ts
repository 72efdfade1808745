/** Test files that run at once have each a lane: an installation and a mesh of their own, in namespaces of their own. */

/** tap numbers the files that run at the same time; alone, a file is the first. */
const lane = process.env['TAP_JOB_ID'] ?? '0';

/** Of every namespace that the tests make. */
export const ANY_PREFIX = 'mp-';
/** Of every namespace of this lane. */
export const PREFIX = `${ANY_PREFIX}${lane}-`;

/** Where the lane's meshproof is installed; anything else of that name in the cluster stays as it is. */
export const OWN_NAMESPACE = `${PREFIX}own`;

const TEST_LABEL = 'meshproof.io/test';
/** What tests put into the cluster carries it, so that all of it can be found and removed. */
export const TEST_LABELS: Readonly<Record<string, string>> = { [TEST_LABEL]: `lane-${lane}` };
/** As `kubectl -l` takes it: what this lane has made, and what any has. */
export const OF_LANE = `${TEST_LABEL}=lane-${lane}`;
export const OF_ANY_LANE = TEST_LABEL;
