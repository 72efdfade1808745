/** The probe agent: environment, session, shutdown. */
import { endProcess } from '../proto/end-process.ts';
import { EXIT, MeshproofError } from '../proto/errors.ts';
import { systemClock } from '../proto/system-clock.ts';
import { runAgent } from './agent.ts';
import { readConfig } from './config.ts';
import { stderrLog } from './log.ts';

/** Past the agent's own grace: whatever still holds the process then is not worth waiting for. */
const EXIT_WITHIN_MS = 5_000;

/** Resolves to the exit status. */
export async function main(environment: NodeJS.ProcessEnv): Promise<number> {
  const ending = new AbortController();
  const end = (): void => {
    ending.abort();
    setTimeout(() => process.exit(EXIT.pass), EXIT_WITHIN_MS).unref();
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  try {
    const config = readConfig(environment);
    if (config.exitsOnStdinEnd) process.stdin.once('end', end).once('error', end).resume();
    await runAgent(config, systemClock, stderrLog(config.logLevel, config.agentId), ending.signal);
    // A stream that is read holds the process.
    if (config.exitsOnStdinEnd) process.stdin.destroy();
    return EXIT.pass;
  } catch (error) {
    if (!(error instanceof MeshproofError)) throw error;
    process.stderr.write(`${error.message}\n${error.hint}\n`);
    return error.exitStatus;
  }
}

if (import.meta.main) endProcess(await main(process.env));
