/** Where a token is found in a request, and where none is. */
import t from 'tap';
import { tokenIn } from '../../../../../controller/web/access/credentials.ts';

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

const CASES: readonly (readonly [
  authorization: string | undefined,
  cookie: string | undefined,
  token: string | undefined,
])[] = [
  [undefined, undefined, undefined],
  ['Bearer abc.def', undefined, 'abc.def'],
  ['bearer  abc', undefined, 'abc'],
  ['Bearer a b', undefined, undefined],
  [basic('meshproof:abc.def'), undefined, 'abc.def'],
  [basic(':abc'), undefined, 'abc'],
  [basic('meshproof:a:b'), undefined, 'a:b'],
  [basic('meshproof:'), undefined, undefined],
  [basic('abc'), undefined, undefined],
  [basic('meshproof:a b'), undefined, undefined],
  ['Basic ???', undefined, undefined],
  ['Negotiate abc', undefined, undefined],
  [undefined, 'a=b; meshproof_token=a%20b', 'a b'],
  [undefined, 'meshproof_token=%', undefined],
  ['Basic ???', 'meshproof_token=abc', undefined],
];

for (const [authorization, cookie, token] of CASES) {
  t.test(`${authorization ?? 'no header'}, ${cookie ?? 'no cookie'}: ${token ?? 'none'}`, (t) => {
    t.equal(
      tokenIn({ ...(authorization !== undefined && { authorization }), ...(cookie !== undefined && { cookie }) }),
      token,
    );
    t.end();
  });
}
