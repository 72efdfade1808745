/** Small words of the page: moments, durations, counts. */
import type { Markup } from './markup.ts';
import { markup } from './markup.ts';

/** `2026-01-02 12:00:03 UTC`. */
export function moment(atMs: number): Markup {
  const iso = new Date(atMs).toISOString();
  return markup`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`;
}

/** `0.4 s`, `12 s`, `3 min`. */
export function duration(ms: number): string {
  if (ms < 10_000) return `${(Math.max(ms, 0) / 1000).toFixed(1)} s`;
  return ms < 120_000 ? `${String(Math.round(ms / 1000))} s` : `${String(Math.round(ms / 60_000))} min`;
}

/** `/routes/…`: the page of one route. */
export function routePath(key: string): string {
  return `/routes/${encodeURIComponent(key)}`;
}
