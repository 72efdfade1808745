/** A workload certificate from the sandbox's CA, by the agent's own client. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { meshCa } from '../../agent/identity/mesh-ca.ts';
import { certificateRequest, generateKeyPair, privateKeyPem } from '../../proto/x509.ts';
import type { KeyAndChain } from '../../deploy/sandbox/ca/certificate-authority.ts';
import type { Sandbox } from '../../deploy/sandbox/sandbox.ts';

/** With the token of that service account; another token may be given instead. */
export async function signedByMesh(
  { certificateAuthority }: Sandbox,
  namespace: string,
  serviceAccount: string,
  token = certificateAuthority.issueToken(namespace, serviceAccount),
): Promise<KeyAndChain> {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-test-'));
  try {
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, token);
    const { address, rootPem } = certificateAuthority;
    const pair = generateKeyPair();
    const sign = meshCa({ address, serverName: 'istiod.istio-system.svc', tokenFile, rootPem });
    return { key: privateKeyPem(pair.privateKey), chain: await sign(certificateRequest(pair)) };
  } finally {
    await rm(folder, { recursive: true });
  }
}
