import t from 'tap';
import { lastCaller, parseStatement, tcpGreeting, tokenIn } from '../../../agent/witness.ts';

t.test('only the last element of x-forwarded-client-cert names the caller', (t) => {
  const cases: readonly (readonly [what: string, header: string | undefined, caller: string | null])[] = [
    ['no header', undefined, null],
    ['empty', '', null],
    ['one element', 'By=spiffe://a;Hash=1;Subject="";URI=spiffe://web', 'spiffe://web'],
    ['forged first element', 'URI=spiffe://root,By=spiffe://a;URI=spiffe://web', 'spiffe://web'],
    ['last element without a name', 'URI=spiffe://root,By=spiffe://a;Hash=1', null],
    [
      'commas and semicolons in a quoted subject',
      'By=x;Subject="O=a,b;URI=spiffe://no";URI=spiffe://web',
      'spiffe://web',
    ],
    ['an escaped quote in the subject', 'Subject="a\\",URI=spiffe://no";URI=spiffe://web', 'spiffe://web'],
    ['a quoted name', 'URI="spiffe://web"', 'spiffe://web'],
    ['another case and spaces', 'By=a; uri=spiffe://web', 'spiffe://web'],
  ];
  for (const [what, header, caller] of cases) t.equal(lastCaller(header), caller, what);
  t.end();
});

t.test('a statement counts only in answer to the very token that was sent', (t) => {
  const statement = { pod: 'shop/pay', token: 'abc', caller: null, isProof: true, behindProxy: true };
  t.strictSame(parseStatement(JSON.stringify(statement), 'abc'), statement);
  t.equal(parseStatement(JSON.stringify(statement), 'other'), undefined);
  for (const text of ['', 'OK', 'null', '[]', '{}', '{"pod":1}', JSON.stringify({ ...statement, caller: 7 })]) {
    t.equal(parseStatement(text, 'abc'), undefined, text);
  }
  t.end();
});

t.test('a TCP witness finds the token in the greeting and in an HTTP request', (t) => {
  t.equal(tokenIn(tcpGreeting('abc123')), 'abc123');
  t.equal(tokenIn('GET / HTTP/1.1\r\nhost: a\r\nX-Meshproof-Attempt: abc\r\n\r\n'), 'abc');
  t.equal(tokenIn('\x16\x03\x01\x02\x00'), '');
  t.end();
});
