/** Whether the tests have a cluster to run on; it has to be asked for, for they create namespaces in it. */

/** For `t.test`: a reason to skip, or false. */
export function withoutCluster(env: NodeJS.ProcessEnv = process.env): string | false {
  if ((env['MESHPROOF_IMAGE'] ?? '') !== '' && (env['KUBECONFIG'] ?? '') !== '') return false;
  return 'needs a cluster: npm run test:cluster with KUBECONFIG and MESHPROOF_IMAGE';
}
