/** The sweep of a Job, told in frames to whoever follows its log. */
import type { ExitStatus } from '../../proto/errors.ts';
import { EXIT, MeshproofError } from '../../proto/errors.ts';
import type { Sweep } from '../judge/finding.ts';
import type { SweepProgress } from '../sweep.ts';
import { asMeshproofError } from './failure.ts';
import { FrameWriter } from './frames.ts';
import { Interrupted } from './interruption.ts';
import type { Session } from './session.ts';

export interface Telling {
  readonly progress: (event: SweepProgress) => void;
  readonly note: (message: string) => void;
  readonly debug: (message: string) => void;
}

/** Between two frames that only count on: a log is not a screen. */
const COUNT_EVERY_MS = 250;

/** Never rejects: what the sweep comes to, or what ends it, is the last frame. */
export async function tellInFrames(
  sweepId: string,
  sweep: (telling: Telling) => Promise<Sweep>,
  exitOf: (sweep: Sweep) => ExitStatus,
  session: Session,
): Promise<ExitStatus> {
  let written = Promise.resolve();
  const writer = new FrameWriter((line) => {
    written = session.terminal.write(line);
  });
  writer.hello(sweepId);
  try {
    const telling = {
      progress: sparingly(writer),
      note: (message: string): void => {
        if (!session.flags().isQuiet) writer.note(message);
      },
      debug: (message: string): void => {
        if (session.flags().isVerbose) writer.note(message);
      },
    };
    const measured = await sweep(telling);
    writer.sweep(measured);
    return exitOf(measured);
  } catch (error) {
    const known = endOf(error, session.signal);
    writer.error(known);
    return session.signal.aborted ? EXIT.interrupted : known.exitStatus;
  } finally {
    await written;
  }
}

function endOf(error: unknown, signal: AbortSignal): MeshproofError {
  if (!signal.aborted || !(signal.reason instanceof Interrupted)) return asMeshproofError(error);
  return new MeshproofError('MPE_SWEEP_LOST', `the pod of the sweep was told to end: ${signal.reason.message}`);
}

/** Phases at once; counts now and then, and their last one in any case. */
function sparingly(writer: FrameWriter): Telling['progress'] {
  let toldAtMs = -Infinity;
  let told = '';
  return (event) => {
    const text = JSON.stringify(event);
    if (text === told) return;
    const nowMs = performance.now();
    const isLast = event.kind === 'phase' || (event.kind === 'agents' ? event.up : event.finished) === event.planned;
    if (!isLast && nowMs - toldAtMs < COUNT_EVERY_MS) return;
    toldAtMs = nowMs;
    told = text;
    writer.progress(event);
  };
}
