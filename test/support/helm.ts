/** Whether a real Helm is there to test against; the one place that decides between skipping and failing. */
import { spawnSync } from 'node:child_process';
import { goOnWithout } from './real-program.ts';

export type RealHelm = { readonly binary: string } | { readonly missing: string };

/** HELM_BIN names the binary. Throws where it is missing and MESHPROOF_REQUIRE_REAL=1 forbids to go on without. */
export function realHelm(environment: NodeJS.ProcessEnv = process.env): RealHelm {
  const binary = environment['HELM_BIN'] ?? '';
  if (binary !== '' && spawnSync(binary, ['version', '--short']).status === 0) return { binary };
  const missing = binary === '' ? 'HELM_BIN is not set' : `HELM_BIN: no Helm at ${binary}`;
  return goOnWithout('Helm', missing, environment);
}
