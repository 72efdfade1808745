/** What an agent has to say: a line of JSON each on standard error. */
import type { LogLevel } from './config.ts';

type Facts = Readonly<Record<string, string | number | boolean>>;

export type Log = Readonly<Record<LogLevel, (message: string, facts?: Facts) => void>>;

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

export function stderrLog(least: LogLevel, agentId: string): Log {
  const at =
    (level: LogLevel) =>
    (message: string, facts: Facts = {}) => {
      if (RANK[level] < RANK[least]) return;
      const line = { time: new Date().toISOString(), level, agent: agentId, message, ...facts };
      process.stderr.write(`${JSON.stringify(line)}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
