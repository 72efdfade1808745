import t from 'tap';
import { ControlPath, pathBetween } from '../../../agent/control-path.ts';
import type { Path } from '../../../agent/control-path.ts';
import type { Address, DataPlane } from '../../../proto/vocabulary.ts';

function at(text: string): Address {
  const split = text.lastIndexOf(':');
  return { host: text.slice(0, split), port: Number(text.slice(split + 1)) };
}

t.test('what follows from where the controller sees the stream come from', (t) => {
  const cases: readonly (readonly [what: string, observed: string, own: string, path: Path])[] = [
    ['the same socket', '10.0.0.9:40000', '10.0.0.9:40000', 'direct'],
    ['another socket of the same pod', '10.0.0.9:51000', '10.0.0.9:40000', 'captured'],
    ['addresses are translated', '192.168.1.1:51000', '10.0.0.9:40000', 'unproved'],
    ['a listener for IPv4 and IPv6', '::ffff:10.0.0.9:40000', '10.0.0.9:40000', 'direct'],
    ['the same, captured', '::ffff:10.0.0.9:51000', '10.0.0.9:40000', 'captured'],
    ['IPv6', 'fd00::9:51000', 'fd00::9:40000', 'captured'],
    ['a relay on the loopback', '127.0.0.1:51000', '127.0.0.1:40000', 'unproved'],
    ['the same over IPv6', '::1:51000', '::1:40000', 'unproved'],
  ];
  for (const [what, observed, own, path] of cases) t.equal(pathBetween(at(observed), at(own)), path, what);
  t.equal(pathBetween(undefined, at('10.0.0.9:1')), 'unproved');
  t.equal(pathBetween(at('10.0.0.9:1'), undefined), 'unproved');
  t.end();
});

function path(dataPlane: DataPlane): { readonly path: ControlPath; readonly said: readonly string[] } {
  const said: string[] = [];
  const say = (message: string): unknown => said.push(message);
  return { path: new ControlPath(dataPlane, { debug: say, info: say, warn: say, error: say }), said };
}

t.test('an agent whose own stream is captured measures nothing, and says what is missing', (t) => {
  const { path: sidecar, said } = path('sidecar');
  t.equal(sidecar.fault, undefined);
  sidecar.hear(at('10.0.0.9:51000'), at('10.0.0.9:40000'));
  t.match(sidecar.fault, {
    kind: 'untested',
    why: 'agent-not-ready',
    detail: /traffic\.sidecar\.istio\.io\/excludeOutboundIPRanges/,
  });
  sidecar.hear(at('10.0.0.9:40001'), at('10.0.0.9:40001'));
  t.equal(sidecar.fault, undefined, 'the latest stream counts');
  t.strictSame(said, []);
  const { path: naked } = path('naked');
  naked.hear(at('10.0.0.9:51000'), at('10.0.0.9:40000'));
  t.match(naked.fault, { why: 'agent-not-ready', detail: /it was to measure without/ });
  t.end();
});

t.test('in ambient mode the node carries the stream, as everything else', (t) => {
  const { path: ambient } = path('ambient');
  ambient.hear(at('10.0.0.9:51000'), at('10.0.0.9:40000'));
  t.equal(ambient.fault, undefined);
  t.end();
});

t.test('where nothing can be proved, it is said once', (t) => {
  const { path: sidecar, said } = path('sidecar');
  for (const port of ['1', '2']) sidecar.hear(at(`192.168.1.1:${port}`), at('10.0.0.9:40000'));
  t.equal(sidecar.fault, undefined);
  t.equal(said.length, 1);
  const { path: local, said: nothing } = path('naked');
  local.hear(at('127.0.0.1:1'), at('127.0.0.1:2'));
  t.strictSame(nothing, [], 'on one machine there is nothing to prove');
  t.end();
});
