import t from 'tap';
import { markup } from '../../../../../controller/web/page/markup.ts';

t.test('what is put in is escaped, unless it is markup itself', (t) => {
  const evil = `<img src=x onerror="alert('1')">&amp;`;
  t.equal(
    markup`<p title="${evil}">${evil}</p>`.html,
    '<p title="&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp;">' +
      '&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp;</p>',
  );
  t.equal(
    markup`<ul>${[1, 2].map((one) => markup`<li>${one}</li>`)}${null}</ul>`.html,
    '<ul><li>1</li><li>2</li></ul>',
  );
  t.equal(markup`${markup`<b>${'<'}</b>`}`.html, '<b>&lt;</b>');
  t.end();
});
