import t from 'tap';
import { publishMarkdown } from '../../../../controller/publish/markdown.ts';
import { optedOutSentence } from '../../../../controller/publish/opted-out.ts';
import { publishTable } from '../../../../controller/publish/table.ts';
import * as made from '../../../support/sweeps.ts';

t.test('what was left out is named, as far as there is room', (t) => {
  const names = Array.from({ length: 10 }, (_, at) => `Service shop/s${String(at)}`);
  t.equal(optedOutSentence({ optedOut: [] }), '');
  t.equal(
    optedOutSentence({ optedOut: ['Namespace bank', 'Service shop/pay'] }),
    'Opted out of probing, and not measured: Namespace bank, Service shop/pay.',
  );
  t.match(optedOutSentence({ optedOut: names }), /Service shop\/s7 and 2 more\.$/);
  t.end();
});

t.test('tables for people say it, and say nothing where nobody opted out', (t) => {
  const whole = made.sweep([made.cell({ source: 'shop/web', to: 'shop/pay:8080' })]);
  const partial = { ...whole, optedOut: ['Namespace bank'] };
  const said = 'Opted out of probing, and not measured: Namespace bank.';
  for (const publish of [
    (sweep: typeof whole) => publishTable(sweep, { columns: 100, hasColour: false }),
    publishMarkdown,
  ]) {
    t.ok(publish(partial).includes(said));
    t.notOk(publish(whole).includes('Opted out'));
  }
  t.end();
});
