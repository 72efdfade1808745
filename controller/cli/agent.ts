/** `meshproof agent`: the probe agent, as it runs in a probe pod. */
import type { Command } from 'commander';
import { EXIT } from '../../proto/errors.ts';
import type { Session } from './session.ts';

export function addAgent(program: Command, session: Session): void {
  program
    .command('agent')
    .description('The probe agent (what runs in a probe pod). Its settings are MESHPROOF_… environment variables.')
    .action(async () => {
      const [{ runAgent }, { readConfig }, { stderrLog }, { systemClock }] = await Promise.all([
        import('../../agent/agent.ts'),
        import('../../agent/config.ts'),
        import('../../agent/log.ts'),
        import('../../proto/system-clock.ts'),
      ]);
      const config = readConfig(session.env);
      await runAgent(config, systemClock, stderrLog(config.logLevel, config.agentId), session.signal);
      session.finish(EXIT.pass);
    });
}
