/** Which cluster a snapshot is of, under the name of the room that takes it. */
export { connectCluster } from '../../api-server/connect.ts';
export type { Cluster, ClusterAddress, Environment, KubeConfig } from '../../api-server/connect.ts';
