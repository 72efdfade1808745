/** The metrics of the table as prom-client knows them, each with the labels and the help that the table gives it. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { CONTROLLER_METRICS } from './definitions.ts';
import type { ControllerMetric, LabelOf, MetricDefinition } from './definitions.ts';
import type { Counted } from './tally.ts';

type OfType<Type extends MetricDefinition['type']> = {
  [Name in ControllerMetric]: (typeof CONTROLLER_METRICS)[Name] extends { readonly type: Type } ? Name : never;
}[ControllerMetric];

export class Instruments {
  readonly registry = new Registry();

  gauge<Name extends OfType<'gauge'>>(name: Name): Gauge<LabelOf<Name>> {
    return new Gauge(this.#configuration(name));
  }

  counter<Name extends OfType<'counter'>>(name: Name): Counter<LabelOf<Name>> {
    return new Counter(this.#configuration(name));
  }

  histogram<Name extends OfType<'histogram'>>(name: Name): Histogram<LabelOf<Name>> {
    return new Histogram({ ...this.#configuration(name), buckets: [...CONTROLLER_METRICS[name].buckets] });
  }

  #configuration<Name extends ControllerMetric>(name: Name) {
    const { help, labels } = CONTROLLER_METRICS[name];
    return { name, help, labelNames: Object.keys(labels) as LabelOf<Name>[], registers: [this.registry] };
  }
}

/** From now on the gauge has these series and no others. */
export function replace<Label extends string>(gauge: Gauge<Label>, entries: readonly Counted<Label>[]): void {
  gauge.reset();
  for (const { labels, count } of entries) gauge.set(labels, count);
}
