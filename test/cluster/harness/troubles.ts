/** Trouble with an API server that a sweep has to bear, whoever of it meets it. */
import { seeded } from '../../support/seeded.ts';
import type { Misbehaviour, Trouble } from './api-proxy.ts';

export interface BorneTrouble {
  /** A clause. */
  readonly what: string;
  readonly misbehaviour: Misbehaviour;
}

export const NONE: Trouble = { kind: 'none' };
const EXPIRED: Trouble = { kind: 'status', status: 410, reason: 'Expired' };

const isWatch = (url: string): boolean => /[?&]watch=/.test(url);
const isWatchOrLog = (url: string): boolean => /[?&](?:watch|follow)=/.test(url);
const isPage = (url: string): boolean => /[?&]limit=/.test(url);
const isLaterPage = (url: string): boolean => /[?&]continue=/.test(url);

const { seed, random } = seeded();
/** For a comment of the test. */
export const SEED = `MESHPROOF_SEED=${String(seed)}`;

/** Of one request in so many, and never in step with what is asked. */
function oneIn(count: number, trouble: Trouble): Trouble {
  return random() < 1 / count ? trouble : NONE;
}

const RESET: Trouble = { kind: 'reset' };
const BUSY: Trouble = { kind: 'status', status: 429, reason: 'TooManyRequests', retryAfter: 1 };
const BROKEN: Trouble = { kind: 'status', status: 500, reason: 'InternalError' };

/** Whatever is asked for. One request in `count` meets trouble; streams live for `cutMs`. */
export function borneByAll(count: number, cutMs: number): readonly BorneTrouble[] {
  const one = `one request in ${String(count)}`;
  return [
    { what: `${one} is reset`, misbehaviour: () => oneIn(count, RESET) },
    { what: `${one} is told to come back later`, misbehaviour: () => oneIn(count, BUSY) },
    { what: `${one} meets an internal error`, misbehaviour: () => oneIn(count, BROKEN) },
    { what: 'every answer comes late', misbehaviour: () => ({ kind: 'delay', ms: 400 }) },
    {
      what: `watches and logs are cut after ${String(cutMs)} ms`,
      misbehaviour: (_, url) => (isWatchOrLog(url) ? { kind: 'cut', afterMs: cutMs } : NONE),
    },
  ];
}

/** Of one thing that is asked for, in a row. The reader's pauses double with each, and no test waits for all bad luck. */
const MOST_IN_A_ROW = 3;

function inShortRows(misbehaviour: Misbehaviour): Misbehaviour {
  const rows = new Map<string, number>();
  return (method, url, count) => {
    const thing = `${url.split('?', 1)[0] ?? ''} ${String(isWatch(url))}`;
    const row = rows.get(thing) ?? 0;
    const trouble = row < MOST_IN_A_ROW ? misbehaviour(method, url, count) : NONE;
    rows.set(thing, trouble.kind === 'none' ? 0 : row + 1);
    return trouble;
  };
}

function inPages(url: string): Trouble {
  return isPage(url) ? { kind: 'pages', of: 2 } : NONE;
}

/** Of lists and watches alone. */
export const BORNE_BY_READERS: readonly BorneTrouble[] = [
  { what: 'lists come in pages of two', misbehaviour: (_, url) => inPages(url) },
  {
    what: 'lists come in pages of two, of which none but the first can be had',
    misbehaviour: (_, url) => (isLaterPage(url) ? EXPIRED : inPages(url)),
  },
  {
    what: 'lists come in pages of two, and one in ten cannot be had any more',
    misbehaviour: (_, url) => (isLaterPage(url) && random() < 0.1 ? EXPIRED : inPages(url)),
  },
  {
    what: 'one watch in two is refused, because it begins too early',
    misbehaviour: inShortRows((_, url) => (isWatch(url) ? oneIn(2, EXPIRED) : NONE)),
  },
  {
    what: 'one watch in two ends with word that it began too early',
    misbehaviour: inShortRows((_, url) => (isWatch(url) ? oneIn(2, { kind: 'too-old' }) : NONE)),
  },
];

/** All of it, as it would come on a very bad day. */
export const BORNE_BY_CONTROLLERS: readonly BorneTrouble[] = [
  {
    what: 'one request in eight is reset, refused or meets an error',
    misbehaviour: () => {
      const drawn = random() * 24;
      return drawn < 1 ? RESET : drawn < 2 ? BUSY : drawn < 3 ? BROKEN : NONE;
    },
  },
  {
    what: 'pages cannot be had any more, and watches begin too early',
    misbehaviour: (_, url) => {
      if (isWatch(url)) return oneIn(3, random() < 0.5 ? EXPIRED : { kind: 'too-old' });
      return isLaterPage(url) && random() < 0.1 ? EXPIRED : inPages(url);
    },
  },
];
