/** How late an attempt settles when its peer stops answering, whatever the layer. */
import { createAuthority, issue } from '../../support/certificates.ts';
import type { Address } from '../../../proto/vocabulary.ts';
import type { Bench, Row } from '../frame/bench.ts';
import { startBlackHole } from '../frame/black-hole.ts';
import { percentile } from '../frame/statistics.ts';
import { Worker } from '../frame/worker.ts';
import type { DeadlineAnswer, DeadlineQuestion } from './attempts-process.ts';
import { PROBES, STALLS, TITLES } from './stall.ts';
import type { ServedStall, StallAddresses } from './stall.ts';
import type { StallingQuestion } from './stalling-process.ts';

const PER_SECOND = 500;
const ATTEMPTS = 4_000;
const TIMEOUT_MS = 1_000;
const P99_BAR_MS = 50;

export const deadlineBench: Bench = {
  name: 'deadline',
  about: `How long after its deadline of 1 s an attempt settles, ${String(PER_SECOND)} a second against peers that stall.`,
  growth: 'twice the rate: the same, until the loop of the agent is full.',
  run: async (say, signal) => {
    const authority = createAuthority('bench');
    const certificate = issue(authority, { uris: ['spiffe://cluster.local/ns/bench/sa/target'] });
    await using hole = await startBlackHole(signal);
    await using peers = new Worker<StallingQuestion, Record<ServedStall, Address>>(
      new URL('stalling-process.ts', import.meta.url),
    );
    await using agent = new Worker<DeadlineQuestion, DeadlineAnswer>(new URL('attempts-process.ts', import.meta.url));
    const addresses: StallAddresses = { ...(await peers.ask(certificate, signal)), tcp: hole.address };
    say(`${String(ATTEMPTS)} attempts at ${String(PER_SECOND)}/s`);
    const targets = STALLS.map((stall) => ({ address: addresses[stall], probe: PROBES[stall] }));
    const rate = { perSecond: PER_SECOND, attempts: ATTEMPTS, timeoutMs: TIMEOUT_MS };
    const answer = await agent.ask({ certificate, rootPem: authority.rootPem, targets, ...rate }, signal);
    if (answer.unexpected !== undefined)
      throw new Error(`an attempt did not run into its deadline: ${answer.unexpected}`);
    return [
      rowOf('all layers', answer.overshootMs.flat()),
      ...STALLS.map((stall, index) => rowOf(TITLES[stall], answer.overshootMs[index] ?? [])),
    ];
  },
};

function rowOf(what: string, overshootMs: readonly number[]): Row {
  return {
    what: `overshoot p99: ${what}`,
    ours: { value: percentile(overshootMs, 99), unit: 'ms' },
    bar: { kind: 'at-most', most: P99_BAR_MS },
    note: `the longest ${percentile(overshootMs, 100).toFixed(1)} ms`,
  };
}
