/** Evaluates every flow of a mesh in a process of its own: from its manifests to the last verdict, or to the last line. */
import { openSync, writeSync } from 'node:fs';
import process from 'node:process';
import { declaredFlows } from '../../../controller/cli/declared-flows.ts';
import { expectationClasses } from '../../../controller/declared/classes.ts';
import { buildMesh } from '../../../controller/declared/mesh.ts';
import type { Mesh } from '../../../controller/declared/mesh.ts';
import { expectationLines } from '../../../controller/publish/expectation-lines.ts';
import { loadSnapshot } from '../../../controller/snapshot/files.ts';
import { answerQuestions } from '../frame/worker.ts';

/** `verdicts`: each flow's answer is looked at. `lines`: each is written as `expect -o ndjson` writes it, to /dev/null. */
export interface FlowsQuestion {
  readonly manifests: string;
  readonly of: 'verdicts' | 'lines' | 'evaluations';
}

export interface FlowsAnswer {
  readonly flows: number;
  /** That are let through. */
  readonly allowed: number;
  /** Answers that were worked out; only where they are asked for. */
  readonly evaluations: number;
  readonly writtenBytes: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakMiB: number;
}

type Seen = Pick<FlowsAnswer, 'flows' | 'allowed'> & Partial<FlowsAnswer>;

async function answer({ manifests, of }: FlowsQuestion): Promise<FlowsAnswer> {
  const startedMs = performance.now();
  const before = process.cpuUsage();
  const mesh = buildMesh(await loadSnapshot([manifests], { standardInput: process.stdin, nowMs: Date.now }));
  const seen = { verdicts: seeVerdicts, lines: writeLines, evaluations: countEvaluations }[of](mesh);
  const { user, system } = process.cpuUsage(before);
  const wallMs = performance.now() - startedMs;
  const peakMiB = process.resourceUsage().maxRSS / 1024;
  return { evaluations: 0, writtenBytes: 0, ...seen, wallMs, cpuMs: (user + system) / 1_000, peakMiB };
}

function seeVerdicts(mesh: Mesh): Seen {
  const classes = expectationClasses(mesh);
  let flows = 0;
  let allowed = 0;
  for (const flow of declaredFlows(mesh)) {
    flows += 1;
    if (classes.answer(flow).shared.expect === 'allow') allowed += 1;
  }
  return { flows, allowed };
}

function countEvaluations(mesh: Mesh): Seen {
  const classes = expectationClasses(mesh);
  const answers = new Set<unknown>();
  let flows = 0;
  for (const flow of declaredFlows(mesh)) {
    flows += 1;
    answers.add(classes.answer(flow).shared);
  }
  return { flows, allowed: 0, evaluations: answers.size };
}

const LINES_A_WRITE = 256;

function writeLines(mesh: Mesh): Seen {
  const file = openSync('/dev/null', 'w');
  const classes = expectationClasses(mesh);
  const lineOf = expectationLines();
  let flows = 0;
  let writtenBytes = 0;
  let text = '';
  for (const flow of declaredFlows(mesh)) {
    flows += 1;
    text += lineOf(flow, classes.answer(flow));
    if (flows % LINES_A_WRITE !== 0) continue;
    writtenBytes += writeSync(file, text);
    text = '';
  }
  writtenBytes += writeSync(file, text);
  return { flows, allowed: 0, writtenBytes };
}

answerQuestions(answer);
