/** Where a command's words go: results to stdout, everything else to stderr. */
import type { Readable, Writable } from 'node:stream';
import { harmless, harmlessLine } from '../publish/harmless.ts';
import type { Page } from '../publish/page.ts';

export interface Terminal {
  readonly stdin: Readable;
  /** Of the results. */
  readonly page: Page;
  /** Of progress and errors. */
  readonly errorPage: Page;
  /** Whether progress may rewrite its line. */
  readonly isInteractive: boolean;
  /** The reader of stdout has gone (`| head`): writing more is of no use. */
  readonly isClosed: () => boolean;
  /** A piece of the result, without what a terminal would obey. Resolves when there is room for more. */
  readonly write: (text: string) => Promise<void>;
  /** A piece of progress or of an error message, likewise. */
  readonly note: (text: string) => void;
  /** Progress in place of what the last line of stderr says; where `isInteractive`. Empty: the line is clean. */
  readonly rewriteLine: (text: string) => void;
}

type Screen = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export interface TerminalStreams {
  readonly stdin: Readable;
  readonly stdout: Screen;
  readonly stderr: Screen;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Width of what is piped: wide enough for most tables, narrow enough for a ticket. */
const PIPED_COLUMNS = 120;
const MIN_COLUMNS = 60;
const CLEAR_LINE = '\r\u001b[2K';

/** Colours go to terminals only, unless `NO_COLOR` or `--no-color` forbids them or `FORCE_COLOR` asks for them. */
export function openTerminal(streams: TerminalStreams, mayColour: boolean): Terminal {
  const { stdin, stdout, stderr, env } = streams;
  let isClosed = false;
  stdout.on('error', () => {
    isClosed = true;
  });
  // Nobody is left to be told.
  stderr.on('error', () => undefined);
  const pageOf = (screen: Screen): Page => ({
    columns: Math.max(
      MIN_COLUMNS,
      widthFrom(env) ?? (screen.isTTY === true ? screen.columns : undefined) ?? PIPED_COLUMNS,
    ),
    hasColour: mayColour && colourFrom(env, screen.isTTY === true),
  });
  const page = pageOf(stdout);
  const errorPage = pageOf(stderr);
  return {
    stdin,
    page,
    errorPage,
    isInteractive: stderr.isTTY === true && env['TERM'] !== 'dumb',
    isClosed: () => isClosed,
    write: (text) =>
      new Promise((resolve) => {
        if (isClosed || text === '') resolve();
        // A write that fails has told the listener above; the command goes on for the sake of its exit status.
        else
          stdout.write(harmless(text, page.hasColour), () => {
            resolve();
          });
      }),
    note: (text) => {
      stderr.write(harmless(text, errorPage.hasColour));
    },
    rewriteLine: (text) => {
      stderr.write(`${CLEAR_LINE}${harmlessLine(text)}`);
    },
  };
}

function colourFrom(env: TerminalStreams['env'], isTerminal: boolean): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return isTerminal && env['TERM'] !== 'dumb';
}

function widthFrom(env: TerminalStreams['env']): number | undefined {
  const columns = Number(env['COLUMNS']);
  return Number.isInteger(columns) && columns > 0 ? columns : undefined;
}
