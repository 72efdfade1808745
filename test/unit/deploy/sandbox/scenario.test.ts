/** Scenarios are found by name or folder, or the error says what there is. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadScenario, scenarioNames } from '../../../../deploy/sandbox/scenario.ts';

t.test('a scenario that comes with meshproof is found by its name', async (t) => {
  const scenario = await loadScenario('healthy');
  t.equal(scenario.name, 'healthy');
  t.ok(scenario.manifestPaths.length > 0);
  t.ok(scenario.manifestPaths.every((path) => path.startsWith(scenario.folder)));
});

t.test('every scenario that comes with meshproof is whole', async (t) => {
  for (const name of await scenarioNames()) t.equal((await loadScenario(name)).name, name);
});

t.test('a folder with manifests and a reality is a scenario, its files sorted', async (t) => {
  const folder = t.testdir({
    'reality.yaml': 'workloads: { a/b: {} }',
    manifests: { 'b.yaml': '', 'a.yml': '', 'notes.txt': '', deeper: { 'c.json': '' } },
  });
  const scenario = await loadScenario(folder);
  t.strictSame(
    scenario.manifestPaths,
    ['a.yml', 'b.yaml', 'deeper/c.json'].map((name) => join(folder, 'manifests', name)),
  );
  t.strictSame(Object.keys(scenario.reality.workloads), ['a/b']);
});

t.test('an unknown name lists the known ones', async (t) => {
  await t.rejects(loadScenario('shpo'), { code: 'MPE_UNKNOWN_SCENARIO', message: /"shpo".*healthy/ });
});

t.test('a folder without manifests is unreadable input', async (t) => {
  const folder = t.testdir({});
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'reality.yaml'), 'workloads: {}');
  await t.rejects(loadScenario(folder), { code: 'MPE_UNREADABLE_INPUT', message: /manifests:1:1: cannot be read/ });
});

t.test('a fault in reality.yaml is told with its place', async (t) => {
  const folder = t.testdir({ 'reality.yaml': 'workloads:\n  a: {}\n', manifests: {} });
  await t.rejects(loadScenario(folder), {
    code: 'MPE_UNREADABLE_INPUT',
    message: /reality\.yaml:2:3: "a" is no valid key/,
  });
});
