/** Reads Prometheus' text format as far as the bench needs it. */

export interface Sample {
  readonly name: string;
  /** As written, braces included; empty: none. */
  readonly labels: string;
  readonly value: number;
}

export async function scrape(url: string, signal: AbortSignal): Promise<readonly Sample[]> {
  const response = await fetch(url, { signal });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answers ${String(response.status)}: ${text}`);
  return samplesIn(text);
}

export function samplesIn(text: string): readonly Sample[] {
  return text.split('\n').flatMap((line) => {
    if (line === '' || line.startsWith('#')) return [];
    const [, name = '', labels = '', value = ''] = /^(\w+)(\{.*\})? (\S+)/.exec(line) ?? [];
    return [{ name, labels, value: Number(value) }];
  });
}

/** Of all series of the name whose labels hold the text; 0 where there are none. */
export function sumOf(samples: readonly Sample[], name: string, label = ''): number {
  return samples
    .filter((sample) => sample.name === name && sample.labels.includes(label))
    .reduce((sum, { value }) => sum + value, 0);
}
