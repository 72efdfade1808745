/** The scenarios of the sandbox with what each is about. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadScenario, scenarioNames } from '../../deploy/sandbox/scenario.ts';
import type { Page } from '../publish/page.ts';
import { alignColumns } from '../publish/text-layout.ts';

/** A line a scenario: its name and the first sentence of its README. */
export async function listScenarios(page: Page): Promise<string> {
  const names = await scenarioNames();
  const rows = await Promise.all(names.map(async (name) => [name, await aboutOf(name)]));
  return `${alignColumns([['SCENARIO', 'ABOUT'], ...rows], page.columns).join('\n')}\n`;
}

async function aboutOf(name: string): Promise<string> {
  const { folder } = await loadScenario(name);
  const text = await readFile(join(folder, 'README.md'), 'utf8').catch(() => '');
  const prose = text.split(/\n\s*\n/u).find((block) => block.trim() !== '' && !block.startsWith('#')) ?? '';
  return /^.*?[.:](?=\s|$)/su.exec(prose.trim())?.[0].replace(/\s+/gu, ' ') ?? '';
}
