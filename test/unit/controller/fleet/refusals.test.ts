import t from 'tap';
import { Refusals } from '../../../../controller/fleet/refusals.ts';

function refusals(): { readonly noted: Refusals; readonly said: string[] } {
  const said: string[] = [];
  return { noted: new Refusals((message) => said.push(message)), said };
}

t.test('what comes again and again is said once and counted always', (t) => {
  const { noted, said } = refusals();
  for (let round = 0; round < 1000; round += 1) noted.note('web', 'the join token is not for agent web');
  noted.note('web', 'no bearer token came with the stream');
  noted.note('', 'the stream was cut');
  t.same(said, [
    'a stream that claims to be "web" was turned away: the join token is not for agent web (said once)',
    'a stream that claims to be "web" was turned away: no bearer token came with the stream (said once)',
    'a stream without Hello was turned away: the stream was cut (said once)',
  ]);
  t.equal(noted.count, 1002);
  t.end();
});

t.test('whoever makes up ever new names fills neither log nor memory', (t) => {
  const { noted, said } = refusals();
  for (let name = 0; name < 5000; name += 1) noted.note(`guess-${String(name)}`, 'no');
  t.equal(said.length, 101);
  t.equal(said.at(-1), 'more streams are turned away than are listed here');
  t.equal(noted.count, 5000);
  t.end();
});

t.test('a name cannot write lines of its own, and is not long', (t) => {
  const { noted, said } = refusals();
  noted.note(`x\n{"level":"error"}${'y'.repeat(10_000)}`, 'no');
  t.equal(said[0]?.includes('\n'), false);
  t.ok((said[0]?.length ?? 0) < 200);
  t.end();
});
