import { Buffer } from 'node:buffer';
import t from 'tap';
import { parseSecrets, signatureHeader } from '../../../../controller/tell/signature.ts';

t.test('a signature is the one that the libraries of Standard Webhooks check', (t) => {
  // The vector of their own tests (standard-webhooks: libraries/javascript/src/index.test.ts).
  const secrets = parseSecrets('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n');
  const header = signatureHeader(secrets, {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestampS: 1614265330,
    body: '{"test": 2432232314}',
  });
  t.equal(header, 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  t.end();
});

t.test('while receivers change over, both secrets sign', (t) => {
  const what = { id: '7', timestampS: 1, body: '{}' };
  const [one, two] = ['first secret', 'second secret'].map((text) => signatureHeader(parseSecrets(text), what));
  t.equal(signatureHeader(parseSecrets('first secret\r\n\r\n  second secret \n'), what), `${one ?? ''} ${two ?? ''}`);
  t.not(one, two);
  t.end();
});

t.test('secrets out of a file', (t) => {
  for (const [text, expected] of [
    ['', []],
    ['\n \n', []],
    ['whsec_\n', []],
    ['whsec_c2VjcmV0', ['secret']],
    [' as it is \n', ['as it is']],
  ] as const) {
    t.same(
      parseSecrets(text).map((secret) => Buffer.from(secret).toString()),
      expected,
      JSON.stringify(text),
    );
  }
  t.end();
});
