/** Real components that tests are run against, by the variables that name them. */
import { accessSync, constants } from 'node:fs';

/** Throws where a component is missing and MESHPROOF_REQUIRE_REAL=1 forbids to go on without. */
export function goOnWithout(
  what: string,
  missing: string,
  environment: NodeJS.ProcessEnv,
): { readonly missing: string } {
  if (environment['MESHPROOF_REQUIRE_REAL'] === '1') throw new Error(`a real ${what} is required: ${missing}`);
  return { missing };
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
