/** Whether a real OpenSSL is there to test against; the one place that decides between skipping and failing. */
import { execFileSync } from 'node:child_process';

export type RealOpenssl = { readonly version: string } | { readonly missing: string };

/** Throws where it is missing, or too old, and MESHPROOF_REQUIRE_REAL=1 forbids to go on without. */
export function realOpenssl(environment: NodeJS.ProcessEnv = process.env): RealOpenssl {
  const found = findOpenssl();
  if ('missing' in found && environment['MESHPROOF_REQUIRE_REAL'] === '1') {
    throw new Error(`a real OpenSSL is required: ${found.missing}`);
  }
  return found;
}

function findOpenssl(): RealOpenssl {
  try {
    const version = execFileSync('openssl', ['version'], { encoding: 'utf8' }).trim();
    return /^OpenSSL [3-9]\./.test(version) ? { version } : { missing: `OpenSSL 3 is needed, not ${version}` };
  } catch {
    return { missing: 'there is no program `openssl`' };
  }
}
