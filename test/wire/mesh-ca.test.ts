import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import t from 'tap';
import { meshCa } from '../../agent/identity/mesh-ca.ts';
import { certificateRequest, generateKeyPair, signCertificate } from '../../proto/x509.ts';
import { IstioCertificateServiceService } from '../../proto/gen/istio/v1/auth/ca.ts';
import type { IstioCertificateServiceServer } from '../../proto/gen/istio/v1/auth/ca.ts';
import { createAuthority, issue } from '../support/certificates.ts';
import { publicKeyOf } from '../support/signing-requests.ts';

const ID = 'spiffe://cluster.local/ns/shop/sa/web';
const MESH = createAuthority('mesh');
const SERVING = issue(MESH, { dnsNames: ['istiod.istio-system.svc'] });

const createCertificate: IstioCertificateServiceServer['createCertificate'] = ({ metadata, request }, answer) => {
  if (metadata.get('authorization')[0] !== 'Bearer good') {
    answer({ code: grpc.status.UNAUTHENTICATED, details: 'request authenticate failure' });
    return;
  }
  const publicKey = publicKeyOf(request.csr);
  const facts = { issuer: MESH.issuer, publicKey, organization: '', names: [ID], isCa: false };
  const leaf = signCertificate({ ...facts, notBeforeMs: Date.now() - 1_000, notAfterMs: Date.now() + 3_600_000 });
  answer(null, { certChain: [leaf, MESH.rootPem] });
};

async function ask(token: string, serverName = 'istiod.istio-system.svc'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-ca-test-'));
  const server = new grpc.Server({ 'grpc.enable_channelz': 0 });
  server.addService(IstioCertificateServiceService, { createCertificate });
  const pair = { private_key: Buffer.from(SERVING.key), cert_chain: Buffer.from(SERVING.chain) };
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createSsl(null, [pair]), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, `${token}\n`);
  try {
    const sign = meshCa({ address: { host: '127.0.0.1', port }, serverName, tokenFile, rootPem: MESH.rootPem });
    return await sign(certificateRequest(generateKeyPair()));
  } finally {
    server.forceShutdown();
    await rm(folder, { recursive: true });
  }
}

t.test('a request with a good token is signed; the chain comes without its root', async (t) => {
  const chain = await ask('good');
  t.equal(chain.match(/BEGIN CERTIFICATE/g)?.length, 1);
  t.equal(new X509Certificate(chain).subjectAltName, `URI:${ID}`);
});

t.test('a refusal says who refused what', async (t) => {
  await t.rejects(ask('bad'), {
    code: 'MPE_CERTIFICATE_REFUSED',
    message: /no workload certificate from 127\.0\.0\.1:\d+: 16 UNAUTHENTICATED: request authenticate failure/,
  });
});

t.test('a CA that bears another name is not given the token', async (t) => {
  await t.rejects(ask('good', 'istiod.elsewhere.svc'), { code: 'MPE_CERTIFICATE_REFUSED' });
});
