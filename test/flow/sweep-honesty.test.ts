import { fileURLToPath } from 'node:url';
import t from 'tap';
import { EXIT_OF_VERDICT } from '../../controller/cli/matrix.ts';
import type { Cell, Sweep } from '../../controller/judge/finding.ts';
import { loadSnapshot } from '../../controller/snapshot/files.ts';
import type { Snapshot } from '../../controller/snapshot/snapshot.ts';
import { DEFAULT_SWEEP_OPTIONS, sweep } from '../../controller/sweep.ts';
import type { SweepOptions } from '../../controller/sweep.ts';
import { systemClock } from '../../proto/system-clock.ts';
import type { Outcome, Report, UntestedWhy } from '../../proto/outcome.ts';
import { drawTable, readTable } from '../support/drawn-table.ts';
import { hurriedClock } from '../support/hurried-clock.ts';
import { ScriptedLauncher } from '../support/scripted-launcher.ts';
import type { Scripted, Turn } from '../support/scripted-launcher.ts';
import { HOUR_MS, steppingClock } from '../support/stepping-clock.ts';
import type { SteppingClock } from '../support/stepping-clock.ts';

const MANIFESTS = fileURLToPath(new URL('../fixtures/honesty.yaml', import.meta.url));

/**
 * Fault, and what becomes of each cell: `=` agrees, `~` agrees and flaps, `B` blocked, or the code under which it is
 * unknown. Declared and true: everybody reaches pay, web reaches vault, batch and cron are refused there by STRICT.
 */
const MATRIX = `
fault                                             | batch→pay | batch→vault | cron→pay | cron→vault | web→pay | web→vault | verdict      | exit
none                                              | =         | =           | =        | =          | =       | =         | pass         | 0
an agent never comes                              | =         | =           | MP1501   | MP1501     | =       | =         | inconclusive | 75
an agent is killed before it reports              | =         | =           | MP1501   | MP1501     | =       | =         | inconclusive | 75
an agent is killed after half of its reports      | =         | =           | =        | MP1501     | =       | =         | inconclusive | 75
the only agent that proves a target alive is gone | =         | MP1506      | =        | MP1506     | MP1501  | MP1501    | inconclusive | 75
a stream is cut and does not come back            | =         | =           | MP1501   | MP1501     | =       | =         | inconclusive | 75
a stream is cut before the acknowledgement        | =         | =           | =        | =          | =       | =         | pass         | 0
an agent is started again in the middle           | =         | =           | =        | =          | =       | =         | pass         | 0
a stranger dials under the same id                | =         | =           | =        | =          | =       | =         | pass         | 0
an agent is starved for a while                   | =         | =           | =        | =          | =       | =         | pass         | 0
an agent is starved for good                      | =         | =           | MP1501   | MP1501     | =       | =         | inconclusive | 75
an agent's sidecar never gets ready               | =         | MP1506      | =        | MP1506     | MP1501  | MP1501    | inconclusive | 75
an agent runs out of sockets                      | =         | =           | MP1501   | MP1501     | =       | =         | inconclusive | 75
an agent gets no certificate                      | =         | =           | MP1501   | MP1501     | =       | =         | inconclusive | 75
the spool overflows                               | =         | =           | =        | MP1501     | =       | =         | inconclusive | 75
the spool overflows at its end                    | =         | =           | MP1501   | MP1501     | =       | =         | inconclusive | 75
a batch never comes                               | =         | =           | =        | MP1501     | =       | =         | inconclusive | 75
a batch comes twice                               | =         | =           | =        | =          | =       | =         | pass         | 0
batches come in the wrong order                   | =         | =           | =        | MP1501     | =       | =         | inconclusive | 75
outcomes come after the deadline                  | =         | =           | MP1501   | MP1501     | =       | =         | inconclusive | 75
an agent reports for another vantage              | =         | =           | =        | =          | =       | =         | pass         | 0
an agent reports what nobody asked for            | =         | =           | =        | =          | =       | =         | pass         | 0
an agent dials another address than it was told   | =         | =           | =        | MP1501     | =       | =         | inconclusive | 75
a newer agent uses words that are not known       | =         | =           | =        | MP1501     | =       | =         | inconclusive | 75
the agent's clock is an hour ahead                | =         | =           | =        | =          | =       | =         | pass         | 0
the agent's clock is an hour behind               | =         | =           | =        | =          | =       | =         | pass         | 0
the controller's clock is set on by an hour       | =         | =           | =        | =          | =       | =         | pass         | 0
the controller's clock is set back by an hour     | =         | =           | =        | =          | =       | =         | pass         | 0
nothing is there to be dialled                    | =         | MP1501      | =        | MP1501     | =       | MP1501    | inconclusive | 75
an answer is missed once                          | =         | =           | ~        | =          | =       | =         | pass         | 0
an answer is missed, and then the agent is gone   | =         | =           | MP1501   | MP1506     | =       | =         | inconclusive | 75
a target is really down                           | B         | MP1506      | B        | MP1506     | B       | =         | fail         | 79
a vantage reaches nothing                         | =         | =           | B        | MP1506     | =       | =         | fail         | 79
the declared state changes meanwhile              | =         | =           | =        | =          | =       | =         | inconclusive | 75
`;

const BATCH = 'legacy/batch (naked)';
const CRON = 'legacy/cron (naked)';
const WEB = 'shop/web (sidecar)';
const PAY = 'legacy/pay:80';
const VAULT = 'shop/vault:80';
const PLACES: Scripted['places'] = [
  { vantage: { namespace: 'legacy', serviceAccount: 'batch', dataPlane: 'naked' }, workload: 'legacy/batch' },
  { vantage: { namespace: 'legacy', serviceAccount: 'cron', dataPlane: 'naked' }, workload: 'legacy/cron' },
  { vantage: { namespace: 'shop', serviceAccount: 'web', dataPlane: 'sidecar' }, workload: 'shop/web' },
];

const FACTS = { address: 0, timings: { totalMs: 1 } };
const ANSWER: Outcome = { kind: 'reached', ...FACTS, transport: 'plaintext', status: 200 };
const MUTUAL: Outcome = { kind: 'reached', ...FACTS, transport: 'mtls', status: 200 };
const RESET: Outcome = { kind: 'refused', ...FACTS, layer: 'application', signature: 'reset', detail: '' };
const SILENT: Outcome = { kind: 'silent', ...FACTS, layer: 'application', afterMs: 5000 };

interface Fault extends Partial<Scripted> {
  readonly options?: Partial<SweepOptions>;
  readonly onMeasure?: (clock: SteppingClock) => void;
  readonly changes?: boolean;
}

function truth(vantage: string, target: string): Outcome {
  if (target === PAY) return ANSWER;
  return vantage === WEB ? MUTUAL : RESET;
}

const honest = (turn: Turn): void => {
  turn.send(turn.reports);
};

/** One agent does as told here, the others report as they should. */
const by = (who: string, does: (turn: Turn) => void): Fault => {
  return {
    play: (vantage, turn) => {
      if (vantage === who) does(turn);
      else honest(turn);
    },
  };
};

const instead = (why: UntestedWhy, rounds = Infinity): ((turn: Turn) => void) => {
  return ({ reports, round, send }) => {
    send(round > rounds ? reports : reports.map((report) => ({ ...report, outcome: untested(why) })));
  };
};

function untested(why: UntestedWhy): Outcome {
  return { kind: 'untested', why, detail: 'as the test wants it' };
}

const QUICK = { heartbeatIntervalMs: 5_000, lostAfterMs: 20_000 };
const first = (reports: readonly Report[]): readonly Report[] => reports.slice(0, 1);
const rest = (reports: readonly Report[]): readonly Report[] => reports.slice(1);
const shifted = (byMs: number): ((turn: Turn) => void) => {
  return ({ reports, send }) => {
    send(reports.map((report) => ({ ...report, startedAtMs: report.startedAtMs + byMs })));
  };
};

const FAULTS: Readonly<Record<string, Fault>> = {
  none: {},
  'an agent never comes': { absent: [CRON], options: { connectWithinMs: 2_000 } },
  'an agent is killed before it reports': by(CRON, ({ die }) => {
    die();
  }),
  'an agent is killed after half of its reports': by(CRON, ({ reports, send, dial, cut, die }) => {
    send(first(reports));
    void dial().message('welcome').then(die, cut);
  }),
  'the only agent that proves a target alive is gone': by(WEB, ({ die }) => {
    die();
  }),
  'a stream is cut and does not come back': {
    ...by(CRON, ({ cut }) => {
      cut();
    }),
    options: QUICK,
  },
  'a stream is cut before the acknowledgement': by(CRON, ({ reports, round, send, dial }) => {
    if (round > 1) return;
    send(reports);
    const again = dial();
    const report = (): void => {
      again.report(1, reports);
    };
    void again.message('welcome').then(report, report);
  }),
  'an agent is started again in the middle': {
    play: (vantage, turn) => {
      if (vantage === CRON && turn.round === 1) turn.restart();
      else honest(turn);
    },
  },
  'a stranger dials under the same id': by(CRON, ({ reports, send, dial }) => {
    const stranger = dial({ bootId: 'boot-2' });
    void stranger.ended.then(() => {
      send(reports);
    });
  }),
  'an agent is starved for a while': by(CRON, instead('agent-starved', 2)),
  'an agent is starved for good': by(CRON, instead('agent-starved')),
  "an agent's sidecar never gets ready": by(WEB, instead('agent-not-ready')),
  'an agent runs out of sockets': by(CRON, instead('resource-exhausted')),
  'an agent gets no certificate': by(CRON, instead('no-certificate')),
  'the spool overflows': by(CRON, ({ reports, send }) => {
    send(first(reports), { droppedBefore: reports.length - 1 });
  }),
  'the spool overflows at its end': by(CRON, ({ reports, send }) => {
    send([], { droppedBefore: reports.length });
  }),
  'a batch never comes': by(CRON, ({ reports, send }) => {
    send(first(reports));
    send([], { sequence: 3 });
  }),
  'a batch comes twice': by(CRON, ({ reports, send }) => {
    send(reports, { sequence: 1 });
    send(reports, { sequence: 1 });
  }),
  'batches come in the wrong order': by(CRON, ({ reports, send }) => {
    send([], { sequence: 1 });
    send(first(reports), { sequence: 3 });
    send(rest(reports), { sequence: 2 });
  }),
  'outcomes come after the deadline': { ...by(CRON, () => undefined), options: { measureWithinMs: 2_000 } },
  'an agent reports for another vantage': by(CRON, ({ reports, send }) => {
    const others = [1, 2, 3, 4, 5, 6].filter((route) => !reports.some((report) => report.route === route));
    const lies = others.flatMap((route) => first(reports).map((report) => ({ ...report, route, outcome: SILENT })));
    send([...lies, ...reports]);
  }),
  'an agent reports what nobody asked for': by(CRON, ({ reports, send }) => {
    const lies = reports.flatMap((report) => [
      { ...report, slot: report.slot + 1, outcome: SILENT },
      { ...report, attempt: 1, outcome: SILENT },
      { ...report, route: 1_000, outcome: SILENT },
    ]);
    send([...lies, ...reports, ...lies]);
  }),
  'an agent dials another address than it was told': by(CRON, ({ reports, send }) => {
    send([...first(reports), ...rest(reports).map((report) => ({ ...report, outcome: { ...RESET, address: 1 } }))]);
  }),
  'a newer agent uses words that are not known': by(CRON, ({ reports, send }) => {
    send(reports, { texts: ['moon-phase'] });
  }),
  "the agent's clock is an hour ahead": by(CRON, shifted(HOUR_MS)),
  "the agent's clock is an hour behind": by(CRON, shifted(-HOUR_MS)),
  "the controller's clock is set on by an hour": {
    onMeasure: ({ step }) => {
      step(HOUR_MS);
    },
  },
  "the controller's clock is set back by an hour": {
    onMeasure: ({ step }) => {
      step(-HOUR_MS);
    },
  },
  'nothing is there to be dialled': { unplaced: [VAULT] },
  'an answer is missed once': by(CRON, ({ reports, round, send }) => {
    send(
      round === 1 ? [...first(reports).map((report) => ({ ...report, outcome: SILENT })), ...rest(reports)] : reports,
    );
  }),
  'an answer is missed, and then the agent is gone': by(CRON, ({ reports, round, send, die }) => {
    if (round === 1) send([...first(reports).map((report) => ({ ...report, outcome: SILENT })), ...rest(reports)]);
    else die();
  }),
  'a target is really down': { truth: (vantage, target) => (target === PAY ? SILENT : truth(vantage, target)) },
  'a vantage reaches nothing': { truth: (vantage, target) => (vantage === CRON ? SILENT : truth(vantage, target)) },
  'the declared state changes meanwhile': { changes: true },
};

/** As if somebody had deleted them. */
function withoutPolicies({ objects }: Snapshot): Snapshot['objects'] {
  return objects.filter(({ kind }) => kind !== 'PeerAuthentication');
}

async function sweepWith(fault: Fault): Promise<Sweep> {
  const snapshot = await loadSnapshot([MANIFESTS]);
  const snapshots: Snapshot[] =
    fault.changes === true ? [snapshot, { ...snapshot, objects: withoutPolicies(snapshot), digest: 'another' }] : [];
  const clock = steppingClock(hurriedClock(systemClock, 10));
  await using launcher = new ScriptedLauncher({
    places: PLACES,
    truth,
    absent: [],
    unplaced: [],
    ...fault,
    play: (vantage, turn) => {
      if (fault.play === undefined) honest(turn);
      else fault.play(vantage, turn);
    },
  });
  const deps = {
    snapshot: () => Promise.resolve(snapshots.shift() ?? snapshot),
    launcher,
    clock,
    progress: (event: { readonly kind: string; readonly name?: string }) => {
      if (event.kind === 'phase' && event.name === 'measure') fault.onMeasure?.(clock);
    },
  };
  // These agents send no heartbeats; where that is not the fault, nobody is to miss them.
  const patient = { ...DEFAULT_SWEEP_OPTIONS, heartbeatIntervalMs: HOUR_MS, lostAfterMs: HOUR_MS };
  return await sweep(deps, { ...patient, ...fault.options }, new AbortController().signal);
}

function glyph({ drift, isFlapping, cause }: Cell): string {
  if (drift === 'agrees') return isFlapping ? '~' : '=';
  return drift === 'unknown' ? (cause?.code ?? '?') : drift === 'blocked' ? 'B' : drift;
}

const { columns, rows } = readTable(MATRIX);

t.test('every fault is in the table, and every line of the table has its fault', (t) => {
  t.same(
    rows.map(({ name }) => name),
    Object.keys(FAULTS),
  );
  t.end();
});

for (const { name, cells: drawn } of rows) {
  t.test(`${name}: ${String(drawn.at(-2))}`, async (t) => {
    const { cells, verdict, startedAt, finishedAt } = await sweepWith(FAULTS[name] ?? {});
    const shown = [BATCH, CRON, WEB].flatMap((vantage) =>
      [PAY, VAULT].map((target) => {
        const cell = cells.find(({ key }) => key.startsWith(`${vantage} → ${target} `));
        return cell === undefined ? 'not planned' : glyph(cell);
      }),
    );
    const measured = [name, ...shown, verdict.value, String(EXIT_OF_VERDICT[verdict.value])];
    t.same(drawTable(['fault', ...columns], [measured]), drawTable(['fault', ...columns], [[name, ...drawn]]));
    const tookMs = Date.parse(finishedAt) - Date.parse(startedAt);
    t.ok(tookMs >= 0 && tookMs < 10 * 60_000, 'it took as long as it took, whatever the clocks said');
    for (const { drift, cause, key } of cells) {
      if (drift === 'unknown') t.ok(cause !== null && cause.message.includes(key), `${key} says why`);
    }
  });
}
