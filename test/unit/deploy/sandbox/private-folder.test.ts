/** Private folders: whose they are, who may read them, and what becomes of those whose process was killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { livingFolders, openPrivateFolder } from '../../../../deploy/sandbox/private-folder.ts';

const ENVIRONMENT = ['XDG_RUNTIME_DIR', 'TMPDIR'] as const;
const before = ENVIRONMENT.map((name) => [name, process.env[name]] as const);
let root = '';

t.beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mp-'));
  process.env['XDG_RUNTIME_DIR'] = root;
});
t.afterEach(async () => {
  for (const [name, value] of before) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
  await rm(root, { recursive: true });
});

t.test('a folder is for this user alone, and goes with the one that held it', async (t) => {
  {
    await using folder = await openPrivateFolder('agents');
    t.equal(dirname(folder.path), join(root, 'meshproof'));
    t.equal((await lstat(folder.path)).mode & 0o777, 0o700);
    t.equal((await lstat(dirname(folder.path))).mode & 0o777, 0o700);
    t.strictSame(await livingFolders('agents'), [folder.path]);
    t.strictSame(await livingFolders('sandbox'), []);
    await writeFile(join(folder.path, 'token'), 'x');
  }
  t.strictSame(await readdir(root), []);
  t.strictSame(await livingFolders('agents'), []);
});

t.test('many come and go at once', async (t) => {
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      const folder = await openPrivateFolder('agents');
      t.ok((await lstat(folder.path)).isDirectory());
      await folder[Symbol.asyncDispose]();
    }),
  );
  t.strictSame(await readdir(root), []);
});

t.test('one that goes takes the runtime folder with it while another one is opened there', async (t) => {
  const comeAndGo = async (times: number): Promise<void> => {
    for (let time = 0; time < times; time += 1) {
      const folder = await openPrivateFolder('agents');
      await folder[Symbol.asyncDispose]();
    }
  };
  await Promise.all([comeAndGo(200), comeAndGo(200)]);
  t.strictSame(await readdir(root), []);
});

t.test('without a runtime folder of the user’s it is in that for temporary files', async (t) => {
  process.env['TMPDIR'] = root;
  for (const given of [undefined, '', 'relative', join(root, 'absent'), '/proc/1/root']) {
    if (given === undefined) delete process.env['XDG_RUNTIME_DIR'];
    else process.env['XDG_RUNTIME_DIR'] = given;
    await using folder = await openPrivateFolder('agents');
    t.equal(dirname(folder.path), join(root, `meshproof-${String(process.getuid?.())}`), String(given));
  }
});

t.test('a runtime folder that is a link is not used, one that others may read is closed', async (t) => {
  const runtime = join(root, 'meshproof');
  await mkdir(join(root, 'elsewhere'));
  await symlink(join(root, 'elsewhere'), runtime);
  await t.rejects(openPrivateFolder('agents'), { code: 'MPE_INVALID_CONFIG', hint: /XDG_RUNTIME_DIR/ });
  await rm(runtime);
  await mkdir(runtime);
  await chmod(runtime, 0o755);
  await using folder = await openPrivateFolder('agents');
  t.equal((await lstat(dirname(folder.path))).mode & 0o777, 0o700);
});

/** A process that holds a folder, until it is killed. */
async function holder(): Promise<{ readonly path: string; readonly kill: () => Promise<void> }> {
  const module = new URL('../../../../deploy/sandbox/private-folder.ts', import.meta.url);
  const program = `
    const { openPrivateFolder } = await import(${JSON.stringify(pathToFileURL(module.pathname).href)});
    const { path } = await openPrivateFolder('agents');
    process.stdout.write(path);
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [path] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    path: path.toString(),
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

t.test('the folder of a process that was killed is cleared by the next; that of one that lives is not', async (t) => {
  const [killed, living] = await Promise.all([holder(), holder()]);
  await killed.kill();
  t.strictSame(await livingFolders('agents'), [living.path]);
  {
    await using folder = await openPrivateFolder('envoy');
    t.strictSame(
      (await readdir(join(root, 'meshproof'))).sort(),
      [basename(living.path), basename(folder.path)].sort(),
    );
  }
  await living.kill();
  await (await openPrivateFolder('agents'))[Symbol.asyncDispose]();
  t.strictSame(await readdir(root), []);
});

t.test('a later process with the number of a dead one is not taken for it', async (t) => {
  const own = await openPrivateFolder('agents');
  const [kind = '', namespace = '', pid = '', startedAt = ''] = basename(own.path).split('.');
  const runtime = dirname(own.path);
  const earlier = [kind, namespace, pid, String(Number(startedAt) - 1), 'aaaaaa'].join('.');
  const elsewhere = [kind, String(Number(namespace) + 1), '1', '1', 'bbbbbb'].join('.');
  const foreign = 'notes';
  for (const name of [earlier, elsewhere, foreign]) await mkdir(join(runtime, name));
  await (await openPrivateFolder('agents'))[Symbol.asyncDispose]();
  t.strictSame(
    (await readdir(runtime)).sort(),
    [basename(own.path), elsewhere, foreign].sort(),
    'processes of another namespace cannot be looked up, and what is not ours stays',
  );
});
