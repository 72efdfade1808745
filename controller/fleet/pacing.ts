/**
 * How fast a fleet may try one target. All agents together keep to a ceiling of attempts a second on a pod (or a Service
 * whose pods are not known apart), whatever its ports: the controller hands out the work in waves. An address:port could
 * take about 470 connections a second from one address before its ports run out (28 232 ports, 60 s of TIME_WAIT); the
 * ceiling is for the sake of the target, and far below.
 */
import type { RoutedCell } from './routes.ts';

export interface Wave {
  /** From the beginning of the round, milliseconds. */
  readonly afterMs: number;
  readonly tasks: readonly RoutedCell[];
}

/** Waves are so far apart: a wave has at most the attempts of this time on a target, or one route's where that is more. */
const WAVE_MS = 200;

/** In the order of time; never empty, and in one wave where there is no ceiling (`Infinity`). Keeps the order of tasks. */
export function wavesOf(tasks: readonly RoutedCell[], attemptsPerSecond: number): readonly Wave[] {
  if (attemptsPerSecond === Infinity) return [{ afterMs: 0, tasks }];
  const freeAtMs = new Map<string, number>();
  const byWave = Map.groupBy(tasks, (task) => {
    const targets = targetsOf(task);
    const startMs = targets.reduce((latest, target) => Math.max(latest, freeAtMs.get(target) ?? 0), 0);
    const takesMs = (task.attempts / targets.length / attemptsPerSecond) * 1000;
    for (const target of targets) freeAtMs.set(target, startMs + takesMs);
    return Math.floor(startMs / WAVE_MS);
  });
  return [...byWave].sort(([a], [b]) => a - b).map(([wave, due]) => ({ afterMs: wave * WAVE_MS, tasks: due }));
}

/** Pods that are dialled; a Service where its virtual address stands for them. Attempts are shared out among them. */
function targetsOf({ cell, dialled }: RoutedCell): readonly string[] {
  const { target } = cell.route;
  const pods = new Set(dialled.map(({ pod }) => pod));
  const known = [...pods].flatMap((pod) => pod ?? []);
  return known.length === pods.size && known.length > 0 ? known : [`${target.kind} ${target.namespace}/${target.name}`];
}

/** Whoever hands out what is asked for comes by twice a second: until then a target gets what it may take until then. */
const AHEAD_MS = 500;

/** Of the ceiling, where a plan is followed for ever; the rest is for what is asked for beside it. */
const SHARE_OF_PLAN = 0.5;

/** For attempts that are asked for beside a plan: a target takes, of what the plan leaves, what it has not taken of late. */
export class Allowance {
  readonly #perSecond: number;
  /** When the target is free again, milliseconds of a clock that is never set. */
  readonly #freeAtMs = new Map<string, number>();

  /** `attemptsPerSecond`: the whole ceiling. */
  constructor(attemptsPerSecond: number) {
    this.#perSecond = attemptsPerSecond * (1 - SHARE_OF_PLAN);
  }

  /** True: it may be attempted now, and that is counted. */
  take(task: RoutedCell, nowMs: number): boolean {
    if (this.#perSecond === Infinity) return true;
    const targets = targetsOf(task);
    const takesMs = (task.attempts / targets.length / this.#perSecond) * 1000;
    const freeAt = targets.map((target) => Math.max(nowMs, this.#freeAtMs.get(target) ?? nowMs));
    if (freeAt.some((atMs) => atMs > nowMs && atMs + takesMs > nowMs + AHEAD_MS)) return false;
    for (const [index, target] of targets.entries()) this.#freeAtMs.set(target, (freeAt[index] ?? nowMs) + takesMs);
    return true;
  }

  /** Targets that nobody asks for any more are not remembered. */
  sweepOut(nowMs: number): void {
    for (const [target, freeAtMs] of this.#freeAtMs) if (freeAtMs <= nowMs) this.#freeAtMs.delete(target);
  }
}

/** The shortest interval at which all of them can be attempted again and again within a plan's share of the ceiling. */
export function shortestIntervalMs(tasks: readonly RoutedCell[], attemptsPerSecond: number): number {
  const load = new Map<string, number>();
  for (const task of tasks) {
    const targets = targetsOf(task);
    for (const target of targets) load.set(target, (load.get(target) ?? 0) + task.attempts / targets.length);
  }
  return Math.ceil((Math.max(0, ...load.values()) / (attemptsPerSecond * SHARE_OF_PLAN)) * 1000);
}
