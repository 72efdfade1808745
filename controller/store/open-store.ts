/** Opens what a monitor remembers by; which database it is, its URL says. */
import { MeshproofError } from '../../proto/errors.ts';
import type { Backend, BackendOptions } from './backend.ts';
import type { Retention, Store } from './store.ts';

export interface StoreOptions {
  /** @default DEFAULT_RETENTION */
  readonly retention?: Partial<Retention>;
  /** How long one statement, and getting a connection, may take. @default 10 s */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;

/**
 * `sqlite:PATH`, a bare path, or `:memory:`; `postgres://…`, where what the URL leaves out is taken from PGHOST,
 * PGPASSWORD and so on. Makes the tables, or brings them to this version. Rejects with MPE_INVALID_CONFIG where the URL
 * is none, and with MPE_STORE_FAILED where the database cannot be used; neither holds the password.
 */
export async function openStore(url: string, options: StoreOptions = {}): Promise<Store> {
  const timing = { timeoutMs: options.timeoutMs ?? TIMEOUT_MS };
  const [{ SqlStore }, { migrate }, { storeFailure }] = await Promise.all([
    import('./sql-store.ts'),
    import('./migrate.ts'),
    import('./failure.ts'),
  ]);
  const at = locate(url);
  let backend: Backend | undefined;
  try {
    backend = await openBackend(at, timing);
    await migrate(backend);
    return new SqlStore(backend, options.retention ?? {});
  } catch (error) {
    await close(backend);
    throw storeFailure('open', at, error);
  }
}

/** Of one that failed: that it cannot be closed well is less than what is told already. */
async function close(backend: Backend | undefined): Promise<void> {
  try {
    await backend?.[Symbol.asyncDispose]();
  } catch {
    return;
  }
}

export type StoreLocation =
  | { readonly kind: 'sqlite'; readonly location: string }
  | { readonly kind: 'postgres'; readonly location: string; readonly url: string };

async function openBackend(at: StoreLocation, timing: BackendOptions): Promise<Backend> {
  switch (at.kind) {
    case 'sqlite': {
      const { openSqlite } = await import('./sqlite.ts');
      return openSqlite(at.location, timing);
    }
    case 'postgres': {
      const { openPostgres } = await import('./postgres.ts');
      return openPostgres(at.url, at.location, timing);
    }
  }
}

/** Throws MPE_INVALID_CONFIG. */
export function locate(url: string): StoreLocation {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === 'postgres' || scheme === 'postgresql') {
    // What URL throws holds the text, and that the password: it is no cause.
    // An empty host is the socket here, which URL takes for a mistake after an account.
    const parsed = URL.parse(url) ?? URL.parse(url.replace('@/', '@localhost/'));
    if (parsed === null) {
      throw new MeshproofError('MPE_INVALID_CONFIG', 'the URL of the store cannot be read as a postgres:// URL', {
        hint: 'postgres://user:password@host:5432/database; percent-encode what is special in the password.',
      });
    }
    const host = parsed.searchParams.get('host') ?? parsed.host;
    return { kind: 'postgres', location: `postgres://${host}${parsed.pathname}`, url };
  }
  const path = scheme === 'sqlite' ? url.slice('sqlite:'.length) : url;
  if (path === '' || (scheme !== undefined && scheme !== 'sqlite')) {
    throw new MeshproofError(
      'MPE_INVALID_CONFIG',
      path === '' ? 'the store has no path' : `meshproof has no store of the kind "${scheme ?? ''}"`,
      { hint: 'Name it as sqlite:PATH or as postgres://user:password@host/database.' },
    );
  }
  return { kind: 'sqlite', location: path };
}
