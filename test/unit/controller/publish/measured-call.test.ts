import { spawnSync } from 'node:child_process';
import t from 'tap';
import { commandOf } from '../../../../controller/publish/measured-call.ts';

const asked = (path: string): string => commandOf({ kind: 'http', method: 'GET', path }, '10.0.0.1:8080') ?? '';

t.test('a plain address is written as a person would type it', (t) => {
  t.equal(asked('/healthz/ready'), 'curl -sv -X GET http://10.0.0.1:8080/healthz/ready');
  t.end();
});

for (const path of ['/;id', '/$(id)', '/`id`', '/a&b=1|id', "/it's;id", '/?q=*', '/<x>']) {
  t.test(`whoever copies the line asks for the path and runs nothing else: ${path}`, (t) => {
    const words = asked(path).replace(/^curl /, 'printf "%s\\n" ');
    const { stdout } = spawnSync('sh', ['-c', words], { encoding: 'utf8' });
    t.equal(stdout, `-sv\n-X\nGET\nhttp://10.0.0.1:8080${path}\n`);
    t.end();
  });
}
