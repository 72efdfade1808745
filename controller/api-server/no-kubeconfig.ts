/** Nothing says which cluster is meant, or what says it makes no sense. */
import { MeshproofError } from '../../proto/errors.ts';

export function noKubeconfig(why: string, hint?: string): MeshproofError {
  return new MeshproofError(
    'MPE_NO_KUBECONFIG',
    `cannot tell which cluster is meant: ${why}`,
    hint === undefined ? {} : { hint },
  );
}
