/** Generated policies with one for the whole mesh among them: engine and wire agree on every cell. */
import { testAgreement } from '../harness/agreement.ts';
import { withoutCluster } from '../harness/on-cluster.ts';

/** Policies for the whole mesh are felt by everybody in the cluster, and therefore drawn only where nobody else is. */
const isAllowed = process.env['MESHPROOF_TEST_WHOLE_MESH'] === '1';
const skip = withoutCluster() || (!isAllowed && 'changes the whole mesh: MESHPROOF_TEST_WHOLE_MESH=1 allows it');

testAgreement({ count: 8, rootNamespace: 'istio-system', skip });
