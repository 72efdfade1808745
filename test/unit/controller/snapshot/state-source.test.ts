import { mkdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { watchedFiles } from '../../../../controller/snapshot/state-source.ts';
import type { StateSource } from '../../../../controller/snapshot/state-source.ts';
import type { Snapshot } from '../../../../controller/declared/objects.ts';

const policy = (name: string, mode: string): string => `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: ${name}, namespace: shop }
spec: { mtls: { mode: ${mode} } }
`;

const never = new AbortController().signal;
const names = ({ objects }: Snapshot): readonly string[] => objects.map(({ metadata }) => metadata.name);

interface Scene {
  readonly folder: string;
  readonly source: StateSource;
  readonly clock: { nowMs: number };
  readonly current: () => Promise<Snapshot>;
}

async function watching(t: Test, ...paths: readonly string[]): Promise<Scene> {
  const folder = t.testdir({ 'a.yaml': policy('a', 'STRICT'), 'b.yaml': policy('b', 'STRICT') });
  const clock = { nowMs: 1000 };
  const watched = paths.length === 0 ? [folder] : paths.map((path) => join(folder, path));
  const source = watchedFiles(watched, () => clock.nowMs);
  return Promise.resolve({ folder, source, clock, current: () => source.current(never) });
}

t.test('what has not changed is the same object, and known to be so', async (t) => {
  const { source, clock, current } = await watching(t);
  t.equal(source.syncedAtMs(), 0, 'before it was looked at');
  const first = await current();
  t.same(names(first), ['a', 'b']);
  t.equal(source.syncedAtMs(), 1000);
  clock.nowMs = 2000;
  t.equal(await current(), first);
  t.equal(source.syncedAtMs(), 2000);
});

t.test('files that are written, added, moved into place or removed are read', async (t) => {
  const { folder, current } = await watching(t);
  const first = await current();
  await writeFile(join(folder, 'a.yaml'), policy('a', 'DISABLE'));
  const written = await current();
  t.not(written, first);
  t.match(written.objects[0], { spec: { mtls: { mode: 'DISABLE' } } });
  await mkdir(join(folder, 'below'));
  await writeFile(join(folder, 'below', 'c.yaml'), policy('c', 'STRICT'));
  t.same(names(await current()), ['a', 'b', 'c']);
  await rm(join(folder, 'b.yaml'));
  t.same(names(await current()), ['a', 'c']);
  await writeFile(join(folder, 'd.tmp'), policy('d', 'STRICT'));
  await rename(join(folder, 'd.tmp'), join(folder, 'a.yaml'));
  t.same(names(await current()), ['d', 'c'].toSorted());
});

t.test('a file of the same size and time is another file all the same', async (t) => {
  const { folder, current } = await watching(t);
  await current();
  const path = join(folder, 'a.yaml');
  const { atime, mtime } = await stat(path);
  await writeFile(path, policy('z', 'STRICT'));
  await utimes(path, atime, mtime);
  t.same(names(await current()), ['b', 'z']);
});

t.test('while anything cannot be read, nothing is known; then it is known again', async (t) => {
  const { folder, source, clock, current } = await watching(t);
  const first = await current();
  clock.nowMs = 2000;
  await writeFile(join(folder, 'a.yaml'), 'kind: [');
  await t.rejects(current(), { code: 'MPE_UNREADABLE_INPUT' });
  await t.rejects(current(), { code: 'MPE_UNREADABLE_INPUT' }, 'as long as it is so');
  t.equal(source.syncedAtMs(), 1000);
  await writeFile(join(folder, 'a.yaml'), policy('a', 'STRICT'));
  const again = await current();
  t.not(again, first);
  t.equal(source.syncedAtMs(), 2000);
});

t.test('a file that was named and is gone cannot be read; one in a folder is no more', async (t) => {
  const { folder, current } = await watching(t, 'a.yaml', 'b.yaml');
  await current();
  await rm(join(folder, 'b.yaml'));
  await t.rejects(current(), { code: 'MPE_UNREADABLE_INPUT' });
});
