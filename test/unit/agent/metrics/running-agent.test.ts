/** An agent as a whole, with its metrics shown. */
import { join } from 'node:path';
import t from 'tap';
import { runAgent } from '../../../../agent/agent.ts';
import type { AgentConfig } from '../../../../agent/config.ts';
import type { Log } from '../../../../agent/log.ts';
import { systemClock } from '../../../../proto/system-clock.ts';
import { readExposition, shown } from '../../../support/exposition.ts';

const TOKEN = 'token-that-nobody-may-see';

/** Nobody listens on port 1 of a loopback address. */
const NOBODY = { host: '127.0.0.1', port: 1 };

t.test('an agent without a controller shows how often it tried, and no secret', async (t) => {
  const folder = t.testdir({ token: TOKEN, 'ca.pem': '' });
  const config: AgentConfig = {
    agentId: 'agent-1',
    vantage: { namespace: 'shop', serviceAccount: 'web', dataPlane: 'naked' },
    controller: NOBODY,
    controllerCaFile: join(folder, 'ca.pem'),
    tokenFile: join(folder, 'token'),
    capture: undefined,
    readiness: undefined,
    endsSidecar: false,
    mesh: { trustDomain: 'cluster.local', rootFile: undefined, ca: undefined },
    maxInFlight: 1,
    reconnectJitterMs: 0,
    giveUpAfterMs: 0,
    exitsOnStdinEnd: false,
    logLevel: 'debug',
    metrics: { host: '127.0.0.1', port: 0 },
  };
  const served = Promise.withResolvers<number>();
  const failed = Promise.withResolvers<undefined>();
  const say: Log['info'] = (message, facts) => {
    if (message === 'metrics are served') served.resolve(Number(facts?.['port']));
    if (message === 'no session with the controller') failed.resolve(undefined);
  };
  const stop = new AbortController();
  const running = runAgent(config, systemClock, { debug: say, info: say, warn: say, error: say }, stop.signal);
  const port = await served.promise;
  await failed.promise;
  const text = await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text();
  t.match(shown(text, 'meshproof_report_reconnects_total').join(), /^UNAVAILABLE: [1-9]\d*$/);
  t.match(
    readExposition(text).find(({ name }) => name === 'meshproof_build_info'),
    { labels: { component: 'agent' }, value: 1 },
  );
  t.notMatch(text, TOKEN);
  stop.abort();
  await running;
  await t.rejects(fetch(`http://127.0.0.1:${String(port)}/metrics`), 'it listens no longer');
});
