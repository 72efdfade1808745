import { join } from 'node:path';
import t from 'tap';
import { CliProcess } from '../support/cli-process.ts';

const flow = (id: string): string =>
  `{"id":"${id}","source":"shop/web","target":"shop/pay","port":80,"probe":"http"}\n`;

t.test('a flow that comes by a pipe is answered before the next one is known', async (t) => {
  const folder = t.testdir({
    'mesh.yaml': `
apiVersion: v1
kind: Service
metadata: { name: pay, namespace: shop }
spec: { ports: [{ name: http, port: 80 }] }
`,
  });
  await using command = new CliProcess(['expect', '-f', join(folder, 'mesh.yaml'), '--flows', '-', '-o', 'ndjson']);
  for (const id of ['a', 'b', 'c']) {
    command.write(flow(id));
    await command.says('stdout', `"id":"${id}"`);
    t.equal(command.stdout.trimEnd().split('\n').length, id.charCodeAt(0) - 'a'.charCodeAt(0) + 1);
  }
  command.endInput();
  t.match(await command.ended, { status: 0, signal: null });
});
