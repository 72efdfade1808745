/** Whether a real Envoy is there to test against; the one place that decides between skipping and failing. */
import { goOnWithout, isExecutable } from './real-program.ts';

export type RealEnvoy = { readonly binary: string } | { readonly missing: string };

/** ENVOY_BIN names the binary. Throws where it is missing and MESHPROOF_REQUIRE_REAL=1 forbids to go on without. */
export function realEnvoy(environment: NodeJS.ProcessEnv = process.env): RealEnvoy {
  const binary = environment['ENVOY_BIN'] ?? '';
  const missing =
    binary === '' ? 'ENVOY_BIN is not set' : isExecutable(binary) ? undefined : `ENVOY_BIN: no program at ${binary}`;
  if (missing === undefined) return { binary };
  return goOnWithout('Envoy', missing, environment);
}
