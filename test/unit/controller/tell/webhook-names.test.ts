import t from 'tap';
import { webhookNames } from '../../../../controller/tell/webhook-names.ts';

const FIRST = 'https://hooks.example.com/one';
const SECOND = 'https://hooks.example.com/two';

t.test('a webhook keeps its name when another one comes or goes, and in another order', (t) => {
  const [first, second] = webhookNames([FIRST, SECOND]);
  t.not(first, second);
  t.same(webhookNames([SECOND]), [second]);
  t.same(webhookNames([SECOND, FIRST]), [second, first]);
  t.end();
});

t.test('a name has nothing of the URL in it, and does not change with a password or a token', (t) => {
  const secret = 'https://user:pa55word@hooks.example.com/one?token=t0ken#there';
  t.same(webhookNames([secret]), webhookNames([FIRST]));
  // printf https://hooks.example.com/one | sha256sum
  t.same(webhookNames([FIRST]), ['webhook-5341fede']);
  t.end();
});

t.test('no two of them have the same, whatever they are', (t) => {
  const urls = [FIRST, `${FIRST}?a`, FIRST, SECOND, 'no URL', 'none either', 'http://hooks.example.com/one'];
  const names = webhookNames(urls);
  t.equal(new Set(names).size, urls.length);
  t.same(
    names.slice(0, 3),
    ['', '-2', '-3'].map((end) => `${names[0] ?? ''}${end}`),
  );
  t.end();
});
