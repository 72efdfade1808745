/** A real PostgreSQL for tests: in a temporary folder, on a Unix socket only unless it is told more, and gone with the test. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import pg from 'pg';
import type { Address } from '../../proto/vocabulary.ts';
import { goOnWithout, isExecutable } from './real-program.ts';

export type RealPostgres = { readonly programs: string } | { readonly missing: string };

/** POSTGRES_BIN names the folder of its programs. Throws where they are missing and MESHPROOF_REQUIRE_REAL=1 is set. */
export function realPostgres(environment: NodeJS.ProcessEnv = process.env): RealPostgres {
  const programs = environment['POSTGRES_BIN'] ?? '';
  const missing =
    programs === ''
      ? 'POSTGRES_BIN is not set'
      : ['initdb', 'postgres'].every((name) => isExecutable(join(programs, name)))
        ? undefined
        : `POSTGRES_BIN: no initdb and postgres in ${programs}`;
  if (missing === undefined) return { programs };
  return goOnWithout('PostgreSQL', missing, environment);
}

export interface Connection extends AsyncDisposable {
  readonly query: (text: string) => Promise<readonly Record<string, unknown>[]>;
}

export const PASSWORD = 'pass:w%rd/of#tests';

/** It refuses to be run by root; `nobody` is everywhere. */
const ACCOUNT = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

export class Postgres implements AsyncDisposable {
  readonly #programs: string;
  readonly #folder: string;
  readonly #address: Address | undefined;
  #server: ChildProcess | undefined;
  #databases = 0;

  private constructor(programs: string, folder: string, address: Address | undefined) {
    this.#programs = programs;
    this.#folder = folder;
    this.#address = address;
  }

  /** Resolves when it takes connections. `address`: where it listens beside its socket, for whoever knows the password. */
  static async start(programs: string, address?: Address): Promise<Postgres> {
    const folder = await mkdtemp(join(tmpdir(), 'meshproof-postgres-'));
    const postgres = new Postgres(programs, folder, address);
    try {
      if (ACCOUNT.uid !== undefined) await chown(folder, ACCOUNT.uid, ACCOUNT.gid);
      const passwordFile = join(folder, 'password');
      await writeFile(passwordFile, PASSWORD, { mode: 0o644 });
      await promisify(execFile)(
        join(programs, 'initdb'),
        ['-D', join(folder, 'files'), '-U', 'mesh', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`].concat([
          '-E',
          'UTF8',
          '--locale=C',
          '--no-sync',
          '--no-instructions',
        ]),
        { ...ACCOUNT, cwd: folder },
      );
      if (address !== undefined) {
        await appendFile(join(folder, 'files', 'pg_hba.conf'), 'host all all all scram-sha-256\n');
      }
      await postgres.begin();
      return postgres;
    } catch (error) {
      await postgres[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** After `crash`. Resolves when it takes connections. */
  async begin(): Promise<void> {
    // Whatever a process wrote outlives it; syncing guards against the loss of the machine.
    const settings = [
      `listen_addresses=${this.#address?.host ?? ''}`,
      `port=${String(this.#port)}`,
      `unix_socket_directories=${this.#folder}`,
      'shared_buffers=16MB',
      'fsync=off',
    ];
    const server = spawn(
      join(this.#programs, 'postgres'),
      ['-D', join(this.#folder, 'files'), ...settings.flatMap((setting) => ['-c', setting])],
      { ...ACCOUNT, cwd: this.#folder, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.#server = server;
    const said: string[] = [];
    for await (const line of createInterface({ input: server.stderr })) {
      said.push(line);
      if (line.includes('database system is ready to accept connections')) {
        server.stderr.resume();
        return;
      }
    }
    throw new Error(`PostgreSQL did not start: ${said.join('\n')}`);
  }

  /** Ends it at once, without a checkpoint (immediate shutdown). */
  async crash(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGQUIT');
    await ended;
  }

  /** An empty database of its own. Resolves to its URL. */
  async database(): Promise<string> {
    this.#databases += 1;
    const name = `store${String(this.#databases)}`;
    await this.query(`create database ${name}`);
    return this.url(name);
  }

  url(database: string, { user = 'mesh', password = PASSWORD } = {}): string {
    const secret = encodeURIComponent(password);
    return `postgres://${user}:${secret}@localhost:${String(this.#port)}/${database}?host=${this.#folder}`;
  }

  /** For whoever does not share our files. */
  urlFromAfar(database: string): string {
    const { host = '', port = 0 } = this.#address ?? {};
    return `postgres://mesh:${encodeURIComponent(PASSWORD)}@${host}:${String(port)}/${database}`;
  }

  /** Of the socket's name as well. */
  get #port(): number {
    return this.#address?.port ?? 5432;
  }

  /** As its superuser. */
  async connect(database: string): Promise<Connection> {
    const client = new pg.Client({ connectionString: this.url(database) });
    await client.connect();
    return {
      query: async (text) => (await client.query<Record<string, unknown>>(text)).rows,
      [Symbol.asyncDispose]: () => client.end(),
    };
  }

  async query(text: string, database = 'postgres'): Promise<readonly Record<string, unknown>[]> {
    await using connection = await this.connect(database);
    return await connection.query(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.crash();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
