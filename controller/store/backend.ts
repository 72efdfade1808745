/** In what SQLite and PostgreSQL differ; everything else of the store is the same for both. */
import type { Kysely, RawBuilder } from 'kysely';
import type { Schema } from './schema.ts';

export interface Backend extends AsyncDisposable {
  readonly kind: 'sqlite' | 'postgres';
  /** For messages: path, or URL without account and password. */
  readonly location: string;
  readonly db: Kysely<Schema>;
  readonly dialect: Dialect;
  /** The rows of a whole statement as one parameter, to select `r.value ->> 0` and so on from. */
  readonly rows: (rows: readonly Row[]) => RawBuilder<unknown>;
  /** What the store takes on the disk, or in the memory. */
  readonly sizeBytes: () => Promise<number>;
  /** Whether what is in it, without what is free inside and filled next, is more than that. */
  readonly exceeds: (limitBytes: number) => Promise<boolean>;
  /** Gives a bounded part of what is free inside back to the disk, where the database does not by itself. */
  readonly shrink: () => Promise<void>;
}

/** What the words of tables differ in. */
export interface Dialect {
  /** The type of a primary key that is a whole number. */
  readonly rowId: 'integer' | 'bigint';
  readonly bytes: 'blob' | 'bytea';
  /** Ends a table whose rows are written again and again. */
  readonly rewritten: RawBuilder<unknown>;
  /** Ends a table that is hardly more than its key. */
  readonly allKey: RawBuilder<unknown>;
}

export type Row = readonly (string | number | null)[];

export interface BackendOptions {
  /** How long a statement, and getting a connection, may take. */
  readonly timeoutMs: number;
}
