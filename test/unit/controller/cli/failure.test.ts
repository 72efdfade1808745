import t from 'tap';
import { failureOf } from '../../../../controller/cli/failure.ts';
import { Interrupted } from '../../../../controller/cli/interruption.ts';
import { MeshproofError } from '../../../../proto/errors.ts';

const calm = new AbortController().signal;

t.test('our errors keep their exit status, and say what to do', (t) => {
  const error = new MeshproofError('MPE_UNREADABLE_INPUT', 'a.yaml:3:1: expected a mapping', { hint: 'Correct it.' });
  t.same(failureOf(error, calm, false), {
    status: 65,
    text: 'meshproof: a.yaml:3:1: expected a mapping (MPE_UNREADABLE_INPUT)\n  Correct it.\n',
  });
  t.end();
});

t.test('any other error is an internal one, without its stack unless asked', (t) => {
  const failure = failureOf(new TypeError('x is not a function'), calm, false);
  t.equal(failure.status, 1);
  t.match(failure.text, 'x is not a function (MPE_INTERNAL)');
  t.notMatch(failure.text, 'failure.test.ts');
  t.match(failureOf(new TypeError('x'), calm, true).text, 'failure.test.ts');
  t.end();
});

t.test('what fails because of an interruption is no failure: 130, and nothing more to say', (t) => {
  const interrupted = AbortSignal.abort(new Interrupted('SIGINT'));
  t.same(failureOf(new Error('socket closed'), interrupted, true), { status: 130, text: '' });
  t.end();
});
