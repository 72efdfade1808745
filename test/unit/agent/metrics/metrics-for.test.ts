import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { metricsFor } from '../../../../agent/metrics/metrics-for.ts';
import { NO_METER } from '../../../../agent/metrics/meter.ts';
import { readConfig } from '../../../../agent/config.ts';
import { Spool } from '../../../../agent/spool.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

const STATE = { spool: new Spool(new ManualClock()), inFlight: () => 0, loopLagMs: () => 0 };
const ENVIRONMENT = {
  MESHPROOF_AGENT_ID: 'a',
  MESHPROOF_NAMESPACE: 'shop',
  MESHPROOF_SERVICE_ACCOUNT: 'web',
  MESHPROOF_DATA_PLANE: 'naked',
  MESHPROOF_CONTROLLER: '127.0.0.1:1',
  MESHPROOF_CONTROLLER_CA: 'ca.pem',
  MESHPROOF_TOKEN_FILE: 'token',
};

t.test('an agent shows its metrics where it is told to, and nowhere else', async (t) => {
  t.equal(readConfig(ENVIRONMENT).metrics, undefined);
  const told = readConfig({ ...ENVIRONMENT, MESHPROOF_METRICS: '[::1]:9464' });
  t.strictSame(told.metrics, { host: '::1', port: 9464 });
  t.throws(() => readConfig({ ...ENVIRONMENT, MESHPROOF_METRICS: '9464' }), { code: 'MPE_INVALID_CONFIG' });

  const none = await metricsFor({}, STATE);
  t.equal(none.meter, NO_METER);
  t.equal(await none.serve(), undefined);

  const some = await metricsFor({ metrics: { host: '127.0.0.1', port: 0 } }, STATE);
  some.meter.due(7);
  await using server = await some.serve();
  const answer = await fetch(`http://127.0.0.1:${String(server?.port)}/metrics`);
  t.match(await answer.text(), /^meshproof_agent_scheduled_probes_total 7$/m);
});

t.test('an agent that shows none does not load the library', (t) => {
  const agent = join(import.meta.dirname, '../../../../agent/agent.ts');
  const script = `await import(${JSON.stringify(agent)});
    const { createRequire } = await import('node:module');
    const loaded = Object.keys(createRequire(${JSON.stringify(agent)}).cache).some((file) => file.includes('prom-client'));
    process.stdout.write(String(loaded));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  t.equal(stdout, 'false', stderr);
  t.end();
});
