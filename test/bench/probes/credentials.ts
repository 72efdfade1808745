/** Certificates of the benchmark's own authority: for the target, for our identity, and as files for the peers. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateKeyPem } from '../../../proto/x509.ts';
import { createAuthority, issue } from '../../support/certificates.ts';
import type { TestCertificate } from '../../support/certificates.ts';
import { CALLER_ID, TARGET_ID, TARGET_NAME } from './transport.ts';

export interface BenchCredentials extends AsyncDisposable {
  readonly rootPem: string;
  readonly caKeyPem: string;
  readonly target: TestCertificate;
  /** Holds the files, and whatever else a peer wants to read; goes with the disposal. */
  readonly folder: string;
  readonly rootFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

export async function makeCredentials(): Promise<BenchCredentials> {
  const authority = createAuthority('bench');
  const target = issue(authority, { uris: [TARGET_ID], dnsNames: [TARGET_NAME] });
  const caller = issue(authority, { uris: [CALLER_ID] });
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-bench-'));
  const write = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  return {
    rootPem: authority.rootPem,
    caKeyPem: privateKeyPem(authority.issuer.privateKey),
    target,
    folder,
    rootFile: await write('root.pem', authority.rootPem),
    certificateFile: await write('caller.pem', caller.chain),
    keyFile: await write('caller-key.pem', caller.key),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
