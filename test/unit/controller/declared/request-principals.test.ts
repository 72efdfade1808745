import t from 'tap';
import { pathForms } from '../../../../controller/declared/authorization-request.ts';
import type { AuthorizationRequest } from '../../../../controller/declared/authorization-request.ts';
import { requestPrincipalTest } from '../../../../controller/declared/request-principals.ts';

function withClaims(claims: Readonly<Record<string, unknown>>): AuthorizationRequest {
  return {
    identity: null,
    sourceAddress: null,
    remoteAddress: null,
    destinationAddress: null,
    port: 8080,
    serverName: '',
    http: { host: '', method: 'GET', path: pathForms('/'), headers: {}, claims },
  };
}

t.test('issuer and subject are matched apart, split at the last slash of the value', (t) => {
  const rows: readonly (readonly [value: string, issuer: string, subject: string, isMatch: boolean])[] = [
    ['plain/ann', 'plain', 'ann', true],
    ['plain/ann', 'plain', 'joann', false],
    ['https://a.example/ann', 'https://a.example', 'ann', true],
    ['*', 'plain', 'ann', true],
    ['*', 'plain', '', false],
    ['*ann', 'plain', 'joann', true],
    ['*/ann', 'https://a.example', 'ann', true],
    ['*/ann', 'https://a.example', 'joann', false],
    ['*.example/ann', 'https://a.example', 'ann', true],
    ['plain/*', 'plain', 'ann', true],
    ['plain/a*', 'plain', 'ann', true],
    ['plain/a*', 'plain', 'bob', false],
    ['pl*', 'plain', 'ann', true],
    ['https://a.example/*', 'https://a.example/b', 'ann', false],
    ['https://a*', 'https://a.example', 'ann', false],
  ];
  for (const [value, iss, subject, isMatch] of rows) {
    const claims: Readonly<Record<string, unknown>> = { iss, ['sub']: subject };
    t.equal(requestPrincipalTest(value)(withClaims(claims)), isMatch, `${value} for ${iss} and ${subject}`);
  }
  t.end();
});

t.test('without a token, or without a subject in it, nothing matches', (t) => {
  t.equal(requestPrincipalTest('*')(withClaims({})), false);
  t.equal(requestPrincipalTest('*')(withClaims({ iss: 'plain' })), false);
  t.end();
});
