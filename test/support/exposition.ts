/** Prometheus' text format, read back: what a scraper would have of it. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+)$/s;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?/gsy;

/** Throws where a line is neither a comment nor a sample. */
export function readExposition(text: string): readonly Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name, labels = '', value] = LINE.exec(line) ?? [];
      if (name === undefined || value === undefined) throw new Error(`no sample: ${line}`);
      return { name, labels: readLabels(labels), value: Number(value.replace('Inf', 'Infinity')) };
    });
}

function readLabels(text: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  let end = 0;
  for (const [all, name = '', value = ''] of text.matchAll(LABEL)) {
    labels[name] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    end += all.length;
  }
  if (end !== text.length) throw new Error(`no labels: ${text}`);
  return labels;
}

/** `{a="x"} 1`, without the name, for the samples of one metric that are not nought; in their order. */
export function shown(text: string, name: string): readonly string[] {
  return readExposition(text)
    .filter((sample) => sample.name === name && sample.value !== 0)
    .map(({ labels, value }) => `${Object.values(labels).join(' ')}: ${String(value)}`.replace(/^: /, ''));
}
