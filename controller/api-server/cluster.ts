/** A cluster's API server, and what opens it. */
import type { RequestOptions } from 'node:https';

/** As much of a connected cluster as a request needs. */
export interface Reach {
  /** URL of the API server. */
  readonly server: string;
  /** By a proxy that the credentials bring with them. */
  readonly isProxied: boolean;
  /** Asked for anew each time: tokens and certificates change under a long life. */
  readonly authenticate: () => Promise<Credentials>;
}

/** What makes a request ours, and its answer the server's. */
export interface Credentials extends RequestOptions {
  headers: Record<string, string>;
}

export interface Cluster extends Reach {
  readonly contextName: string;
  /** Of the context, or of the pod that this process runs in; `default` where neither says one. */
  readonly namespace: string;
}
