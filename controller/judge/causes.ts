/** The cause catalogue: one code for every reason that a finding, a plain denial or an unknown can have. */
import type { CauseEntry } from './cause-catalogue.ts';
import { AUTHORIZATION_CAUSES } from './causes-authorization.ts';
import { CERTIFICATE_CAUSES } from './causes-certificates.ts';
import { HEALTH_CAUSES } from './causes-health.ts';
import { NETWORK_CAUSES } from './causes-network.ts';
import { OWN_CAUSES } from './causes-ourselves.ts';
import { TRANSPORT_CAUSES } from './causes-transport.ts';

export type { CauseEntry, CauseUse } from './cause-catalogue.ts';

const ALL = {
  ...TRANSPORT_CAUSES,
  ...CERTIFICATE_CAUSES,
  ...AUTHORIZATION_CAUSES,
  ...NETWORK_CAUSES,
  ...HEALTH_CAUSES,
  ...OWN_CAUSES,
};

/** A code is never given to another cause, and never taken away: scripts and dashboards hold on to them. */
export type CauseCode = keyof typeof ALL;

/** In the order of the codes. */
export const CAUSES: Readonly<Record<CauseCode, CauseEntry>> = ALL;
