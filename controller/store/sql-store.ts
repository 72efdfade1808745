/** The store over one of its databases: who may write, what is said when it cannot, and what an answer that was lost was. */
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Transaction } from 'kysely';
import { MeshproofError } from '../../proto/errors.ts';
import type { StoredEvent } from '../monitor/events.ts';
import type { Backend } from './backend.ts';
import { storeFailure } from './failure.ts';
import { readEvents, readRemembered, readSweep, readSweeps, readTallies } from './read.ts';
import { layOut, storable } from './rows.ts';
import type { Rows } from './rows.ts';
import type { Schema } from './schema.ts';
import { DEFAULT_RETENTION } from './store.ts';
import type { Authority, Changes, EventQuery, Remembered, Retention, Store, Tally, TallyQuery } from './store.ts';
import { CommitFailed, transact } from './transaction.ts';
import { trim } from './trim.ts';
import { write } from './write.ts';

const packed = promisify(gzip);

/** A commit that nobody knows of yet whether it stands. */
interface Doubt {
  readonly id: string;
  readonly changes: Changes;
  readonly events: readonly StoredEvent[];
}

export class SqlStore implements Store {
  readonly #backend: Backend;
  readonly #retention: Retention;
  /** Which of all takings-over ours was; undefined: none, or not any more. */
  #term: number | undefined;
  #doubt: Doubt | undefined;

  /** Of tables that are there. Takes the backend over. */
  constructor(backend: Backend, retention: Partial<Retention> = {}) {
    this.#backend = backend;
    this.#retention = { ...DEFAULT_RETENTION, ...retention };
  }

  readonly takeOver = (): Promise<Remembered> =>
    this.#attempt('take over', async ({ db }) => {
      const { term, remembered } = await transact(db, async (trx) => {
        const meta = await trx
          .updateTable('mp_meta')
          .set((row) => ({ term: row('term', '+', 1) }))
          .returning(['term', 'next_event', 'next_route'])
          .executeTakeFirstOrThrow();
        return { term: meta.term, remembered: await readRemembered(trx, meta) };
      });
      this.#term = term;
      this.#doubt = undefined;
      return remembered;
    });

  readonly commit = (changes: Changes): Promise<readonly StoredEvent[]> =>
    this.#attempt('write to', async () => {
      const doubt = this.#doubt;
      if (doubt !== undefined && (await this.#stands(doubt))) {
        if (doubt.changes === changes) return doubt.events;
        this.#term = undefined;
        throw new MeshproofError(
          'MPE_STORE_TAKEN_OVER',
          `the commit before, of which ${this.#backend.location} had not answered, was stored after all, and is not known here`,
          { hint: 'Take over again, and go on from what is remembered.' },
        );
      }
      const documents = changes.documents.map(async ({ sweepId, json }) => ({
        sweepId: storable(sweepId),
        gzip: await packed(json),
      }));
      return this.#write(changes, layOut(changes, await Promise.all(documents)));
    });

  readonly keepAuthority = ({ certificate, key }: Authority): Promise<void> =>
    this.#attempt('write to', async ({ db }) => {
      await transact(db, async (trx) => {
        await this.#lead(trx);
        await trx
          .insertInto('mp_authority')
          .values({ id: 1, certificate, key })
          .onConflict((there) => there.column('id').doUpdateSet({ certificate, key }))
          .execute();
      });
    });

  readonly toldUpTo = (sink: string): Promise<number | undefined> =>
    this.#attempt('read', async ({ db }) => {
      const row = await db.selectFrom('mp_sinks').select('event_id').where('name', '=', sink).executeTakeFirst();
      return row?.event_id;
    });

  readonly keepToldUpTo = (sink: string, eventId: number): Promise<void> =>
    this.#attempt('write to', async ({ db }) => {
      await transact(db, async (trx) => {
        await this.#lead(trx);
        await trx
          .insertInto('mp_sinks')
          .values({ name: sink, event_id: eventId })
          .onConflict((there) => there.column('name').doUpdateSet({ event_id: eventId }))
          .execute();
      });
    });

  readonly events = (query: EventQuery): Promise<readonly StoredEvent[]> =>
    this.#attempt('read', ({ db }) => readEvents(db, query));

  readonly sweeps: Store['sweeps'] = (query) => this.#attempt('read', ({ db }) => readSweeps(db, query));

  readonly sweep: Store['sweep'] = (id) => this.#attempt('read', ({ db }) => readSweep(db, id));

  readonly tallies = (query: TallyQuery): Promise<readonly Tally[]> =>
    this.#attempt('read', ({ db }) => readTallies(db, query));

  readonly trim = (nowMs: number): Promise<number> =>
    this.#attempt('trim', (backend) =>
      trim(
        backend,
        (step) =>
          transact(backend.db, async (trx) => {
            await this.#lead(trx);
            return step(trx);
          }),
        this.#retention,
        nowMs,
      ),
    );

  readonly sizeBytes = (): Promise<number> => this.#attempt('read', ({ sizeBytes }) => sizeBytes());

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#backend[Symbol.asyncDispose]();
  }

  async #attempt<T>(attempt: string, work: (backend: Backend) => Promise<T>): Promise<T> {
    try {
      return await work(this.#backend);
    } catch (error) {
      throw storeFailure(attempt, this.#backend, error);
    }
  }

  async #write(changes: Changes, rows: Rows): Promise<readonly StoredEvent[]> {
    const id = randomUUID();
    let events: readonly StoredEvent[] = [];
    try {
      await transact(this.#backend.db, async (trx) => {
        const firstId = await this.#lead(trx, { id, rows });
        await write(trx, this.#backend, rows, firstId);
        events = changes.events.map((event, index) => ({ id: firstId + index, event }));
      });
    } catch (error) {
      if (!(error instanceof CommitFailed)) throw error;
      this.#doubt = { id, changes, events };
      if (!(await this.#stands(this.#doubt))) throw error;
    }
    return events;
  }

  /**
   * The first statement of every write: whoever else writes or takes over waits until this transaction is over.
   * Resolves to the id of the first event of `rows`.
   */
  async #lead(trx: Transaction<Schema>, commit?: { readonly id: string; readonly rows: Rows }): Promise<number> {
    const events = commit?.rows.events.length ?? 0;
    const nextRoute = commit?.rows.nextRouteNumber ?? 1;
    const meta = await trx
      .updateTable('mp_meta')
      .set((row) => ({
        last_commit: commit?.id ?? row.ref('last_commit'),
        next_event: row('next_event', '+', events),
        next_route: row.case().when('next_route', '<', nextRoute).then(nextRoute).else(row.ref('next_route')).end(),
        bytes: row('bytes', '+', commit?.rows.eventBytes ?? 0),
      }))
      .where('term', '=', this.#term ?? -1)
      .returning('next_event')
      .executeTakeFirst();
    if (meta === undefined) throw this.#takenOver();
    return meta.next_event - events;
  }

  /** Waits for what may still be under way on the connection that was lost. Rejects when nobody knows even now. */
  async #stands({ id }: Doubt): Promise<boolean> {
    const meta = await this.#backend.db
      .updateTable('mp_meta')
      .set((row) => ({ term: row.ref('term') }))
      .returning(['term', 'last_commit'])
      .executeTakeFirstOrThrow();
    if (meta.term !== this.#term) throw this.#takenOver();
    this.#doubt = undefined;
    return meta.last_commit === id;
  }

  #takenOver(): MeshproofError {
    const { location } = this.#backend;
    if (this.#term !== undefined) {
      return new MeshproofError('MPE_STORE_TAKEN_OVER', `another controller has taken over the store ${location}`);
    }
    return new MeshproofError('MPE_STORE_TAKEN_OVER', `this controller has not taken over the store ${location}`, {
      hint: 'Take over before writing.',
    });
  }
}
