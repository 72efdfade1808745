/** Transactions that tell what failed first, and whether that was the commit itself. */
import type { Kysely, Transaction } from 'kysely';
import type { Schema } from './schema.ts';

/** All was written, and then the answer to the commit was no or did not come: nobody knows yet whether it stands. */
export class CommitFailed extends Error {
  override readonly name = 'CommitFailed';

  constructor(cause: unknown) {
    super('the commit failed', { cause });
  }
}

/** Rejects with what `work` rejects with, and nothing has changed; with CommitFailed when it is not known. */
export async function transact<T>(db: Kysely<Schema>, work: (trx: Transaction<Schema>) => Promise<T>): Promise<T> {
  const failures: unknown[] = [];
  const results: T[] = [];
  try {
    return await db.transaction().execute(async (trx) => {
      try {
        const result = await work(trx);
        results.push(result);
        return result;
      } catch (error) {
        failures.push(error);
        throw error;
      }
    });
  } catch (error) {
    // Where a connection is lost the rollback fails as well, and kysely tells that.
    if (failures.length > 0) throw failures[0];
    throw results.length > 0 ? new CommitFailed(error) : error;
  }
}
