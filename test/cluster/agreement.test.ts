/** Generated policies of namespaces and workloads on a real mesh: engine and wire agree on every cell. */
import { testAgreement } from './harness/agreement.ts';
import { withoutCluster } from './harness/on-cluster.ts';

testAgreement({ count: 12, skip: withoutCluster() });
