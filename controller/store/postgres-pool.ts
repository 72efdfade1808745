/** Connections to PostgreSQL as kysely is to have them: set as the store needs them, and thrown away once they failed. */
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import pg from 'pg';
import type { BackendOptions } from './backend.ts';

/** One writes, one trims, the rest reads. */
const CONNECTIONS = 5;
/** They come as text; what is in our tables fits in a number. */
const NUMBERS = new pg.TypeOverrides();
NUMBERS.setTypeParser(pg.types.builtins.INT8, Number);
NUMBERS.setTypeParser(pg.types.builtins.NUMERIC, Number);

/** Connects when it is first asked. */
export function postgresPool(url: string, { timeoutMs }: BackendOptions): PostgresPool {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    application_name: 'meshproof',
    connectionTimeoutMillis: timeoutMs,
    // The server's own limit comes first; this one is for a server that does not answer at all.
    query_timeout: timeoutMs + 1000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: NUMBERS,
    verify: (client, done) => {
      settle(client, timeoutMs).then(() => {
        done();
      }, done);
    },
  });
  // A connection that breaks between two statements, or while it is being closed, would end the process if nobody
  // listened. Whoever uses it hears of it by the next statement; what breaks unused is replaced.
  pool.on('connect', (client) => client.on('error', ignore));
  pool.on('error', ignore);
  return {
    options: {},
    connect: async () => discardedOnceFailed(await pool.connect()),
    end: () => pool.end(),
  };
}

/**
 * By a statement and not while connecting, so that it also goes through a pooler. A leader that is cut off in the middle
 * of a transaction would hold the standby back until its time is over; an acknowledged commit is on the disk, whatever
 * the database is set to.
 */
async function settle(client: pg.ClientBase, timeoutMs: number): Promise<void> {
  await client.query(
    `select set_config('statement_timeout', $1, false), set_config('lock_timeout', $1, false),
       set_config('idle_in_transaction_session_timeout', $1, false),
       set_config('synchronous_commit',
         case when current_setting('synchronous_commit') = 'off' then 'on' else current_setting('synchronous_commit') end,
         false)`,
    [String(timeoutMs)],
  );
}

/** After anything but the server's own word, nobody knows what the next answer on this connection belongs to. */
function discardedOnceFailed(client: pg.PoolClient): PostgresPoolClient {
  let hasFailed = false;
  const query = async (text: string, parameters: readonly unknown[]): Promise<unknown> => {
    try {
      return await client.query(text, [...parameters]);
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) hasFailed = true;
      throw error;
    }
  };
  return {
    query: query as PostgresPoolClient['query'],
    release: (destroy) => {
      client.release(hasFailed || destroy === true);
    },
  };
}

function ignore(): void {
  return undefined;
}
