/** `meshproof witness` as it runs in a pod: it says who called, where a proxy is there to be believed. */
import t from 'tap';
import type { Statement } from '../../agent/witness.ts';
import { cli } from '../support/cli.ts';
import { CliProcess } from '../support/cli-process.ts';

const XFCC = 'By=spiffe://cluster.local/ns/shop/sa/pay;URI=spiffe://cluster.local/ns/shop/sa/web';

/** Answers to a request that carries the header of a sidecar. */
async function statementOf(witness: CliProcess): Promise<Statement> {
  await witness.says('stdout', / answers http .+\n/);
  const [, address = ''] = /http (\S+?)[,\n]/.exec(witness.stdout) ?? [];
  const response = await fetch(`http://${address}/any`, { headers: { 'x-forwarded-client-cert': XFCC } });
  return (await response.json()) as Statement;
}

t.test('a witness without proxy believes no header, and ends by SIGTERM with 0', async (t) => {
  await using witness = new CliProcess(['witness', '--listen', '127.0.0.1', '--http', '0', '--tcp', '0'], {
    env: { MESHPROOF_POD_NAMESPACE: 'shop', MESHPROOF_POD_NAME: 'pay-1' },
  });
  t.match(await statementOf(witness), { pod: 'shop/pay-1', caller: null, isProof: false, behindProxy: false });
  witness.kill('SIGTERM');
  t.same(await witness.ended, { status: 0, signal: null });
});

t.test('a witness behind a proxy names the caller that the proxy names', async (t) => {
  await using witness = new CliProcess(['witness', '--listen', '127.0.0.1', '--http', '0', '--behind-proxy', '0']);
  t.match(await statementOf(witness), { caller: 'spiffe://cluster.local/ns/shop/sa/web', isProof: true });
});

for (const [what, args, said] of [
  ['no port at all', [], 'what shall the witness answer?'],
  ['a port beyond the last one', ['--http', '65536'], '--http 65536 is no port'],
  ['a word for a port', ['--grpc', 'grpc'], '--grpc grpc is no port'],
] as const) {
  t.test(`${what} is a fault of usage`, async (t) => {
    const { status, stderr } = await cli(['witness', ...args]);
    t.equal(status, 64);
    t.match(stderr, said);
  });
}
