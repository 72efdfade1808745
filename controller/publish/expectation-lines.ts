/** Declared cells as lines of JSON: the text of a class is written once, and filled in for each of its flows. */
import { inNameOf } from '../declared/classes.ts';
import type { ClassAnswer } from '../declared/classes.ts';
import type { Expectation, Flow } from '../declared/expectation.ts';
import { expectationItem } from './expectation-item.ts';

/** Text, and numbers of what is to be filled in. */
type Template = readonly (string | number)[];

/** Templates that are kept by default; one or two kilobytes each. */
const KEPT_TEMPLATES = 100_000;

/** The line of a flow with its answer, as `JSON.stringify` writes the item. Past `keptTemplates` all are forgotten. */
export function expectationLines(keptTemplates: number = KEPT_TEMPLATES): (flow: Flow, answer: ClassAnswer) => string {
  let byShared = new WeakMap<Expectation, Template>();
  let byText = new Map<string, Template>();

  const templateOf = (flow: Flow, shared: Expectation): Template => {
    if (byText.size > keptTemplates) {
      byShared = new WeakMap();
      byText = new Map();
    }
    const { text, marks } = markedText(flow, shared);
    // Targets of one kind differ in nothing but their name.
    const template = byText.get(text) ?? split(text, marks);
    byText.set(text, template);
    byShared.set(shared, template);
    return template;
  };

  return (flow, { shared, names }) => {
    if (names === null) return `${JSON.stringify(expectationItem(flow, shared))}\n`;
    const values = [flow.id, flow.source, flow.target, names.pod, names.identity].map(inner);
    let line = '';
    for (const part of byShared.get(shared) ?? templateOf(flow, shared)) {
      line += typeof part === 'number' ? (values[part] ?? '') : part;
    }
    return `${line}\n`;
  };
}

/** As it stands between its quotation marks. */
function inner(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

/** The item with marks that occur nowhere else in it: for id, source, target, pod and identity. */
function markedText(flow: Flow, shared: Expectation): { readonly text: string; readonly marks: readonly string[] } {
  const plain = JSON.stringify(expectationItem(flow, shared));
  let tag = 0;
  while (plain.includes(`<${String(tag)}:`)) tag += 1;
  const marks = [0, 1, 2, 3, 4].map((number) => `<${String(tag)}:${String(number)}>`);
  const [id = '', source = '', target = '', pod = '', identity = ''] = marks;
  const item = expectationItem({ ...flow, id, source }, inNameOf({ pod, identity }, shared));
  return { text: JSON.stringify(item).replaceAll(inner(flow.target), target), marks };
}

function split(text: string, marks: readonly string[]): Template {
  return text.split(new RegExp(`(${marks.join('|')})`)).map((part) => {
    const number = marks.indexOf(part);
    return number < 0 ? part : number;
  });
}
