/** A real Chromium for tests of the page; the one place that decides between skipping and failing. */
import { spawnSync } from 'node:child_process';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { goOnWithout } from './real-program.ts';

export type RealChromium = { readonly binary: string } | { readonly missing: string };

/** CHROMIUM_BIN names it. Throws where it is missing and MESHPROOF_REQUIRE_REAL=1 forbids to go on without. */
export function realChromium(environment: NodeJS.ProcessEnv = process.env): RealChromium {
  const binary = environment['CHROMIUM_BIN'] ?? '/usr/bin/chromium';
  if (spawnSync(binary, ['--version']).status === 0) return { binary };
  const missing = `CHROMIUM_BIN: no Chromium at ${binary}`;
  return goOnWithout('Chromium', missing, environment);
}

export interface WatchedPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors of scripts, of the console and of the content security policy. */
  readonly faults: readonly string[];
}

export interface RunningBrowser extends AsyncDisposable {
  readonly open: (url: string, options?: BrowserContextOptions) => Promise<WatchedPage>;
}

/** Root may not use Chromium's own sandbox; the only pages that it shows are ours. */
const ARGUMENTS = process.getuid?.() === 0 ? ['--no-sandbox'] : [];

export async function startBrowser(chromiumFound: RealChromium): Promise<RunningBrowser> {
  if ('missing' in chromiumFound) throw new Error(chromiumFound.missing);
  const browser: Browser = await chromium.launch({ executablePath: chromiumFound.binary, args: ARGUMENTS });
  return {
    open: async (url, options = {}) => {
      const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
      const page = await context.newPage();
      const faults: string[] = [];
      page.on('pageerror', (error) => faults.push(error.message));
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) faults.push(message.text());
      });
      await page.goto(url);
      return { page, faults, [Symbol.asyncDispose]: () => context.close() };
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
}
