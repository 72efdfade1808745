import { Readable } from 'node:stream';
import t from 'tap';
import { readFlows } from '../../../../controller/cli/flow-file.ts';

const flow = (id: string): string =>
  `{"id":"${id}","source":"shop/web","target":"shop/pay","port":8080,"probe":"http"}`;

async function batches(...chunks: readonly (string | Uint8Array)[]): Promise<string[][]> {
  const input = Readable.from(chunks.map((chunk) => Buffer.from(chunk as string)));
  const found: string[][] = [];
  for await (const batch of readFlows(input, 'flows.ndjson')) found.push(batch.map(({ id }) => id));
  return found.filter((ids) => ids.length > 0);
}

t.test('lines are given on as soon as they are whole, whatever the pieces that they come in', async (t) => {
  const text = `${flow('1')}\n${flow('2')}\n`;
  t.same(await batches(text), [['1', '2']]);
  t.same(await batches(text.slice(0, 30), text.slice(30)), [['1', '2']]);
  t.same(await batches(`${flow('1')}\n`, `${flow('2')}\n`), [['1'], ['2']]);
});

t.test('the last line needs no line end, and empty lines are no flows', async (t) => {
  t.same(await batches(`\n${flow('1')}\r\n\n  \n${flow('2')}`), [['1'], ['2']]);
});

t.test('a character that is cut in two by the pipe comes out whole', async (t) => {
  const bytes = Buffer.from(`${flow('é')}\n`);
  const cut = bytes.indexOf(0xc3) + 1;
  t.same(await batches(bytes.subarray(0, cut), bytes.subarray(cut)), [['é']]);
});

t.test('every field of the contract is understood', async (t) => {
  const all = {
    id: '7',
    source: 'bar/sleep',
    target: 'pod:foo/httpbin',
    port: 8080,
    probe: 'mtls',
    via: 'istio-system/ingress',
    request: { method: 'GET', path: '/admin', host: 'httpbin.foo', headers: { x: 'y' }, token: { iss: 'a' } },
    tls: { alpn: ['istio-http/1.1'], certificate: 'valid', as: 'bar/sleep' },
    health: 'readiness',
  };
  const input = Readable.from([Buffer.from(JSON.stringify(all))]);
  const found = (await Array.fromAsync(readFlows(input, 'x'))).flat();
  t.same(found, [all]);
});

const BAD: readonly (readonly [line: string, says: RegExp])[] = [
  ['{"id":"1"', /^flows\.ndjson:2: expected one JSON object/],
  ['[]', /^flows\.ndjson:2: .*expected object/],
  [flow('2').replace('8080', '70000'), /^flows\.ndjson:2: port: .*65535/],
  [flow('2').replace('shop/web', 'web'), /^flows\.ndjson:2: source: write it as namespace\/workload/],
  [flow('2').replace('"http"', '"icmp"'), /^flows\.ndjson:2: probe: /],
  [flow('2').replace('"port"', '"prot"'), /^flows\.ndjson:2: /],
  [flow('2').replace('}', ',"request":{"verb":"GET"}}'), /^flows\.ndjson:2: request: .*verb/],
];

for (const [line, says] of BAD) {
  t.test(`line and field are named: ${line}`, async (t) => {
    await t.rejects(batches(`${flow('1')}\n${line}\n`), { code: 'MPE_UNREADABLE_INPUT', message: says });
  });
}
