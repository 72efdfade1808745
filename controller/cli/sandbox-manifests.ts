/** The manifests behind `--sandbox NAME`: of a scenario, or of a sandbox that is kept up of a folder elsewhere. */
import { MeshproofError } from '../../proto/errors.ts';
import type { Scenario } from '../../deploy/sandbox/scenario.ts';
import type { Locate } from '../publish/sarif-places.ts';

/** Rejects as `loadScenario`. */
export async function scenarioMeant(name: string): Promise<Scenario> {
  const [{ loadScenario }, { findKept }] = await Promise.all([
    import('../../deploy/sandbox/scenario.ts'),
    import('../../deploy/sandbox/control/join.ts'),
  ]);
  try {
    return await loadScenario(name);
  } catch (error) {
    if (!(error instanceof MeshproofError) || error.code !== 'MPE_UNKNOWN_SCENARIO') throw error;
    const kept = await findKept({ name });
    if (kept === undefined) throw error;
    return loadScenario(kept.description.folder);
  }
}

/** Whether the scenario comes with meshproof, and is no folder of somebody's that has its name. */
export async function isShipped({ name, folder }: Pick<Scenario, 'name' | 'folder'>): Promise<boolean> {
  const { loadScenario, scenarioNames } = await import('../../deploy/sandbox/scenario.ts');
  return (await scenarioNames()).includes(name) && (await loadScenario(name)).folder === folder;
}

/** Where the objects of a sandbox stand in its files. */
export async function placesInSandbox(name: string): Promise<Locate> {
  const [{ manifestPaths }, { loadSnapshot }, { placesIn }] = await Promise.all([
    scenarioMeant(name),
    import('../snapshot/files.ts'),
    import('../publish/sarif-places.ts'),
  ]);
  return placesIn((await loadSnapshot(manifestPaths)).objects);
}
