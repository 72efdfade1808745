/** Progress of a sweep on stderr: one line that is rewritten on a terminal, a few plain lines elsewhere. */
import type { SweepPhase, SweepProgress } from '../sweep.ts';
import { shorten } from '../publish/text-layout.ts';
import type { Terminal } from './terminal.ts';

/** What a sweep tells, and what comes before it: the start of the mesh that it is to measure, or of its own pod. */
export type ProgressEvent =
  | SweepProgress
  | { readonly kind: 'sandbox'; readonly name: string }
  | { readonly kind: 'job'; readonly name: string; readonly why: string };

export interface Progress {
  readonly show: (event: ProgressEvent) => void;
  /** Takes the rewritten line away, so that what follows starts on a clean one. */
  readonly end: () => void;
}

export const SILENT: Progress = { show: () => undefined, end: () => undefined };

/** Without a terminal, one line each time that this part of the tasks is done. */
const STEP = 0.25;

export function showProgress(terminal: Terminal): Progress {
  return terminal.isInteractive ? rewriting(terminal) : sparse(terminal);
}

function rewriting(terminal: Terminal): Progress {
  let isShown = false;
  return {
    show: (event) => {
      isShown = true;
      terminal.rewriteLine(shorten(wordsOf(event), terminal.errorPage.columns - 1));
    },
    end: () => {
      if (isShown) terminal.rewriteLine('');
      isShown = false;
    },
  };
}

function sparse(terminal: Terminal): Progress {
  let told = 0;
  return {
    show: (event) => {
      if (event.kind === 'agents' && event.up < event.planned) return;
      if (event.kind === 'tasks') {
        const part = event.planned === 0 ? 1 : event.finished / event.planned;
        if (part < 1 && part < told + STEP) return;
        told = part < 1 ? part : 0;
      }
      terminal.note(`${wordsOf(event)}\n`);
    },
    end: () => undefined,
  };
}

const PHASES: Readonly<Record<SweepPhase, string>> = {
  snapshot: 'reading what is declared',
  connect: 'starting agents',
  measure: 'measuring',
  confirm: 'trying again where measured and declared differ',
  judge: 'judging',
};

function wordsOf(event: ProgressEvent): string {
  switch (event.kind) {
    case 'agents':
      return `agents: ${String(event.up)} of ${String(event.planned)} connected`;
    case 'tasks':
      return `attempts: ${String(event.finished)} of ${String(event.planned)} finished`;
    case 'phase':
      return PHASES[event.name];
    case 'sandbox':
      return `starting sandbox ${event.name}`;
    case 'job':
      return `Job ${event.name}: ${event.why}`;
  }
}
