/** What has changed on the page since a reader last looked; nothing is kept for readers, only when each thing changed. */
import type { RouteNow } from '../../monitor/current.ts';
import type { Mark } from './mark.ts';
import { titleOf } from './head.ts';
import { partsOf } from './matrix-page.ts';
import type { View } from './view.ts';

export interface PageChanges {
  readonly isAnother: false;
  readonly tag: string;
  readonly title: string;
  readonly isGrey: boolean;
  /** Id of the element, its classes, what it shows, and its label. */
  readonly marks: readonly (readonly [id: string, look: string, glyph: string, label: string])[];
  /** HTML by the id of its element. */
  readonly parts: Readonly<Record<string, string>>;
}

/** Rows or columns are not the same any more, or nobody knows what the reader has. */
export interface AnotherPage {
  readonly isAnother: true;
}

/** States that readers may be behind. */
const MAX_TAGS = 1000;

interface KnownMark {
  readonly route: RouteNow;
  readonly mark: Mark;
  readonly step: number;
}

interface KnownPart {
  readonly html: string;
  readonly step: number;
}

export class Changes {
  #step = 0;
  #view: View | undefined;
  #marks: KnownMark[] = [];
  #parts = new Map<string, KnownPart>();
  readonly #steps = new Map<string, number>();

  /** From now on, this is what is shown. */
  show(view: View): void {
    if (this.#view?.tag === view.tag) return;
    if (this.#view !== undefined && !isSamePlan(this.#view, view)) this.#steps.clear();
    this.#step += 1;
    const step = this.#step;
    this.#marks = view.shown.routes.map((route, at) => {
      const before = this.#marks[at];
      const mark = view.markOf(route);
      return before !== undefined && isSame(before.mark, mark) ? { ...before, route } : { route, mark, step };
    });
    const parts = new Map<string, KnownPart>();
    for (const [id, { html }] of partsOf(view)) {
      const before = this.#parts.get(id);
      parts.set(id, before?.html === html ? before : { html, step });
    }
    this.#parts = parts;
    this.#view = view;
    this.#steps.set(view.tag, step);
    for (const oldest of this.#steps.keys()) if (this.#steps.size > MAX_TAGS) this.#steps.delete(oldest);
  }

  since(tag: string): PageChanges | AnotherPage {
    const seen = this.#steps.get(tag);
    const view = this.#view;
    if (seen === undefined || view === undefined) return { isAnother: true };
    const marks = this.#marks
      .filter(({ step }) => step > seen)
      .map(({ route, mark }) => [view.idOf(route), mark.look, mark.glyph, mark.label] as const);
    const parts = [...this.#parts].filter(([, { step }]) => step > seen).map(([id, { html }]) => [id, html] as const);
    return {
      isAnother: false,
      tag: view.tag,
      title: titleOf(view),
      isGrey: view.shown.isStalled,
      marks,
      parts: Object.fromEntries(parts),
    };
  }
}

function isSame(left: Mark, right: Mark): boolean {
  return left.look === right.look && left.glyph === right.glyph && left.label === right.label;
}

function isSamePlan(left: View, right: View): boolean {
  const [before, after] = [left.shown.routes, right.shown.routes];
  return before.length === after.length && before.every(({ cell }, at) => cell.key === after[at]?.cell.key);
}
