import t from 'tap';
import type { Cell, Sweep } from '../../controller/judge/finding.ts';
import { startCuttingRelay } from '../support/cutting-relay.ts';
import type { CuttingRelay } from '../support/cutting-relay.ts';
import { isAlive } from '../support/processes.ts';
import { PAIR, sweepScenario } from '../support/sandbox-sweep.ts';

/** Drawn from the fixture's manifests: 80 leads to a PERMISSIVE port, 90 to a STRICT one. */
const MATRIX = `
outside/naked (naked)     pair/server:80         reached  plaintext
outside/naked (naked)     pair/server:90         refused  reset
pair/meshed (sidecar)     pair/server:80         reached  mtls
pair/meshed (sidecar)     pair/server:90         reached  mtls
pair/server (sidecar)     pair/server:80         reached  mtls
pair/server (sidecar)     pair/server:90         reached  mtls
meshproof/prober (naked)  pod:pair/server:8080   reached  plaintext              http GET /
meshproof/prober (naked)  pod:pair/server:8080   refused  reset                  tls
meshproof/prober (naked)  pod:pair/server:8080   refused  certificate-required   tls istio-http/1.1 istio
meshproof/prober (naked)  pod:pair/server:8080   reached  mtls                   mtls istio-http/1.1 istio http/1.1
meshproof/prober (naked)  pod:pair/server:8080   refused  certificate-refused    mtls-untrusted istio-http/1.1 istio http/1.1
meshproof/prober (naked)  pod:pair/server:9090   refused  reset                  http GET /
meshproof/prober (naked)  pod:pair/server:9090   refused  certificate-required   tls
meshproof/prober (naked)  pod:pair/server:9090   refused  certificate-required   tls istio-http/1.1 istio
meshproof/prober (naked)  pod:pair/server:9090   reached  mtls                   mtls istio-http/1.1 istio http/1.1
meshproof/prober (naked)  pod:pair/server:9090   refused  certificate-refused    mtls-untrusted istio-http/1.1 istio http/1.1
`;

function words({ vantage, target, probe, outcome, table }: Cell): string {
  const from = `${vantage.namespace}/${vantage.serviceAccount} (${vantage.dataPlane})`;
  const to = `${target.kind === 'pod' ? 'pod:' : ''}${target.namespace}/${target.name}:${String(target.port)}`;
  const how =
    outcome.kind === 'reached' ? outcome.transport : outcome.kind === 'refused' ? outcome.signature : outcome.kind;
  const alpn = 'alpn' in probe ? probe.alpn : [];
  const asked = probe.kind === 'http' ? 'http GET /' : [probe.kind, ...alpn].join(' ');
  return [from, to, outcome.kind, how, ...(table === 'transport' ? [asked] : [])].join(' ');
}

const EXPECTED = MATRIX.trim()
  .split('\n')
  .map((line) => line.replaceAll(/ +/g, ' '));

t.test('a sweep over real agents measures what the mesh does', async (t) => {
  const sweep = await sweepScenario(PAIR);
  t.same(sweep.cells.map(words), EXPECTED);
  t.ok(sweep.cells.every(({ attempts }) => attempts.length === 1));
  t.match(sweep.verdict, { value: 'pass', coverage: 1 });
});

t.test('an agent that is killed leaves cells that are unknown, and the sweep inconclusive', async (t) => {
  const sweep = await sweepScenario(PAIR, {
    onProgress: (event, launcher) => {
      const pid = launcher.processes.get('meshproof.prober-naked-1');
      if (event.kind === 'phase' && event.name === 'measure' && pid !== undefined) process.kill(pid, 'SIGKILL');
    },
  });
  t.same(sweep.cells.slice(0, 6).map(words), EXPECTED.slice(0, 6));
  for (const { outcome, drift, key } of sweep.cells.slice(6)) {
    t.match(
      { outcome, drift },
      { outcome: { kind: 'untested', why: 'agent-lost', detail: /SIGKILL/ }, drift: 'unknown' },
      key,
    );
  }
  t.match(sweep.verdict, { value: 'inconclusive', coverage: 6 / 16 });
});

t.test('a stream that is cut in the middle of a sweep loses nothing and doubles nothing', async (t) => {
  let relay: CuttingRelay | undefined;
  let cuts = 0;
  let sweep: Sweep;
  try {
    sweep = await sweepScenario(PAIR, {
      dialVia: async (controller) => {
        relay = await startCuttingRelay(controller.address);
        return { ...controller, address: relay.address };
      },
      onProgress: (event) => {
        const isMeasuring = event.kind === 'phase' && event.name === 'measure';
        const isUnderWay = event.kind === 'tasks' && event.finished > 0 && event.finished < event.planned;
        if (!isMeasuring && !(isUnderWay && cuts < 3)) return;
        cuts += 1;
        relay?.cut();
      },
    });
    t.ok(cuts > 0);
    t.ok((relay?.carried() ?? 0) > 4, 'the agents dialled again');
  } finally {
    await relay?.[Symbol.asyncDispose]();
  }
  t.same(sweep.cells.map(words), EXPECTED);
  t.ok(sweep.cells.every(({ attempts }) => attempts.length === 1));
  t.match(sweep.verdict, { value: 'pass', coverage: 1 });
});

t.test('an interrupted sweep leaves no process behind', async (t) => {
  const interruption = new AbortController();
  const reason = new Error('interrupted');
  let pids: readonly (number | undefined)[] = [];
  const running = sweepScenario(PAIR, {
    signal: interruption.signal,
    onProgress: (event, launcher) => {
      if (event.kind !== 'phase' || event.name !== 'measure') return;
      pids = [...launcher.processes.values()];
      t.ok(pids.every(isAlive));
      interruption.abort(reason);
    },
  });
  await t.rejects(running, reason);
  t.equal(pids.length, 4);
  t.notOk(pids.some(isAlive));
});
