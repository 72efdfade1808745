import t from 'tap';
import { storeFailure } from '../../../../controller/store/failure.ts';
import { CommitFailed } from '../../../../controller/store/transaction.ts';
import { MeshproofError } from '../../../../proto/errors.ts';

const AT = { kind: 'postgres', location: 'postgres://db/mesh' } as const;
const FILE = { kind: 'sqlite', location: '/var/lib/store' } as const;

t.test('what a database says is told with what to do', (t) => {
  const cases: readonly (readonly [at: typeof AT | typeof FILE, error: unknown, said: string, hint: RegExp])[] = [
    [
      FILE,
      failed('attempt to write a readonly database', { errcode: 8 }),
      'attempt to write a readonly database',
      /writable/,
    ],
    [FILE, failed('disk I/O error', { errcode: 10 | (12 << 8) }), 'disk I/O error', /Look at the disk/],
    [FILE, failed('EROFS: read-only', { code: 'EROFS' }), 'EROFS: read-only', /read-only/],
    [FILE, failed('of no known code', { errcode: 99 }), 'of no known code', /its path or URL/],
    [AT, failed('getaddrinfo ENOTFOUND db', { code: 'ENOTFOUND' }), 'getaddrinfo ENOTFOUND db', /host of the URL/],
    [AT, failed('getaddrinfo EAI_AGAIN db', { code: 'EAI_AGAIN' }), 'getaddrinfo EAI_AGAIN db', /name service/],
    [AT, failed('read ECONNRESET', { code: 'ECONNRESET' }), 'read ECONNRESET', /the next commit tries again/],
    [AT, failed('Connection terminated unexpectedly', {}), 'Connection terminated unexpectedly', /network/],
    [AT, failed('terminating connection', { code: '57P01' }), 'terminating connection', /database is up/],
    [AT, failed('could not extend file', { code: '53100' }), 'could not extend file', /Make room/],
    [
      AT,
      failed('sorry, too many clients already', { code: '53300' }),
      'sorry, too many clients already',
      /max_connections/,
    ],
    [AT, failed('permission denied', { code: '42501' }), 'permission denied', /right to create/],
    [AT, failed('of no known code', { code: 'XX000' }), 'of no known code', /its path or URL/],
    [AT, 'only a text', 'only a text', /its path or URL/],
    [
      AT,
      new AggregateError(
        [failed('connect ECONNREFUSED ::1:5432', { code: 'ECONNREFUSED' }), failed('another', {})],
        '',
      ),
      'connect ECONNREFUSED ::1:5432',
      /database is up/,
    ],
    [AT, new CommitFailed(failed('server closed\nthe connection', {})), 'server closed; the connection', /network/],
    [AT, failed('', {}), 'Error', /its path or URL/],
  ];
  for (const [at, error, said, hint] of cases) {
    const told = storeFailure('write to', at, error);
    t.equal(told.code, 'MPE_STORE_FAILED', said);
    t.equal(told.message, `cannot write to the store ${at.location}: ${said}`);
    t.match(told.hint, hint, said);
  }
  t.end();
});

t.test('what is one of ours already is not told twice', (t) => {
  const ours = new MeshproofError('MPE_STORE_TAKEN_OVER', 'another has');
  t.equal(storeFailure('read', AT, ours), ours);
  t.equal(storeFailure('read', AT, new CommitFailed(ours)), ours);
  t.end();
});

function failed(message: string, facts: object): Error {
  return Object.assign(new Error(message), facts);
}
