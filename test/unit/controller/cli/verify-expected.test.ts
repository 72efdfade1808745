import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readExpectedChanges } from '../../../../controller/cli/verify-expected.ts';

let file = '';
t.beforeEach((t) => {
  file = join(t.testdir({}), 'meant.yaml');
});

async function read(text: string, name = file): ReturnType<typeof readExpectedChanges> {
  writeFileSync(name, text);
  return readExpectedChanges(name);
}

t.test('changes are read from YAML and JSON, and from several documents', async (t) => {
  const change = { from: 'legacy/batch', to: 'shop/pay:8080', becomes: 'closed' };
  t.same(await read('- {from: legacy/batch, to: "shop/pay:8080", becomes: closed}'), [change]);
  t.same(await read(JSON.stringify([change]), file.replace('.yaml', '.json')), [change]);
  const more =
    '# one\n- from: "* (naked)"\n  becomes: open\n---\n- to: shop/*\n  table: health\n  probe: health\n  becomes: new\n';
  t.same(await read(more), [
    { from: '* (naked)', becomes: 'open' },
    { to: 'shop/*', table: 'health', probe: 'health', becomes: 'new' },
  ]);
});

t.test('every mistake is told with its place, what was expected, and the nearest word', async (t) => {
  const cases: readonly (readonly [text: string, message: string, hint: RegExp])[] = [
    ['', '1:1: expected a list of changes, and there is nothing', /^Write a list: /],
    ['changes: []', '1:1: expected a list of changes', /^Write a list: /],
    ['[]', '1:1: expected a list of changes', /^Write a list: /],
    ['- {to: a/b, becomes: open}\n- becomes: open', '2:3: expected from, to, or both: it would be every route', /./],
    [
      '- to: a/b\n  becoms: open',
      '2:3: there is no "becoms"; expected from, to, table, probe, becomes',
      /^Did you mean becomes\?$/,
    ],
    [
      '- to: a/b\n  becomes: close',
      '2:3: becomes: expected one of open, closed, plaintext, mtls, tls, hbone, answered, mixed, agrees, exposed, blocked, ' +
        'downgraded, misplaced, new, gone; "close" is none',
      /^Did you mean closed\?$/,
    ],
    [
      '- to: a/b\n  table: helth\n  becomes: open',
      '2:3: table: expected one of reachability, transport, health; "helth" is none',
      /^Did you mean health\?$/,
    ],
    ['- from: legacy\n  becomes: open', '1:3: expected namespace/service-account, as legacy/batch or legacy/*', /./],
    [
      '- to: shop/pay:http\n  becomes: open',
      '1:3: expected namespace/service:port, as shop/pay:8080, shop/pay or shop/*',
      /./,
    ],
    ['- {to: a/b, becomes: open', '1:26: expected', /./],
  ];
  for (const [text, message, hint] of cases) {
    await t.rejects(
      read(text),
      { code: 'MPE_UNREADABLE_INPUT', message: new RegExp(`^${escaped(`${file}:${message}`)}`), hint },
      text,
    );
  }
  await t.rejects(readExpectedChanges(`${file}.not`), { code: 'MPE_UNREADABLE_INPUT' });
});

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
