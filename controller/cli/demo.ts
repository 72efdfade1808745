/** `meshproof demo`: what `npm start` shows, a small mesh with classic troubles, measured and judged. */
import { join, relative } from 'node:path';
import process from 'node:process';
import type { Command } from 'commander';
import { EXIT } from '../../proto/errors.ts';
import { DEFAULT_FAIL_ON, DEFAULT_MIN_COVERAGE } from './judging-options.ts';
import type { Session } from './session.ts';

export function addDemo(program: Command, session: Session): void {
  program
    .command('demo')
    .description('A first look: the sandbox "shop" on this machine, measured and judged. Always exits with 0.')
    .action(async () => {
      await runDemo(program.name(), session);
      session.finish(EXIT.pass);
    });
}

async function runDemo(name: string, session: Session): Promise<void> {
  const [{ sweepSandbox }, { publishTable }] = await Promise.all([
    import('./sandbox-sweep.ts'),
    import('../publish/table.ts'),
  ]);
  const options = {
    scenario: 'shop',
    dataPlane: 'node',
    joins: false,
    minCoverage: DEFAULT_MIN_COVERAGE,
    failOn: DEFAULT_FAIL_ON,
  } as const;
  const sweep = await sweepSandbox(options, session, session.signal);
  const { terminal } = session;
  await terminal.write(publishTable(sweep, terminal.page));
  const { loadScenario } = await import('../../deploy/sandbox/scenario.ts');
  const manifests = relative(process.cwd(), join((await loadScenario('shop')).folder, 'manifests'));
  await terminal.write(
    '\nYou see real probes against a mesh of proxies on loopback: what the wire said, held against what its manifests say.\n' +
      `Next: ${name} explain legacy/batch shop/pay -f ${manifests}\n`,
  );
}
