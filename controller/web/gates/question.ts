/** What a pipeline asks of a gate, whoever it is. */
import { HttpRefusal } from '../refusal.ts';
import type { Schema } from '../schema/published.ts';
import { KEPT_MS } from './matrix-past.ts';
import type { RolloutOptions } from './rollout-judgement.ts';

export interface Question extends RolloutOptions {
  /** Whom the answer is for: the same, as long as it is the same rollout of the same revision. */
  readonly rollout: string;
  /** The rollout has not begun, whatever was asked of it before. */
  readonly isBeginning: boolean;
  /** A baseline by its name; absent: what was measured `lookbackMs` before the first question about the rollout. */
  readonly baseline?: string;
  readonly lookbackMs: number;
}

/** As they come in: Flagger's metadata are texts, and so is a query. */
export interface QuestionFields {
  readonly namespaces?: string;
  readonly services?: string;
  readonly baseline?: string;
  readonly lookback?: string;
  readonly minCoverage?: string;
  readonly strict?: string;
}

const NAME = '[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?';

export const QUESTION_FIELDS: Readonly<Record<keyof QuestionFields, Schema>> = {
  namespaces: text(`^${NAME}( *, *${NAME})*$`, 'What the rollout answers for, with commas between. @default its own'),
  services: text(
    `^${NAME}/${NAME}( *, *${NAME}/${NAME})*$`,
    'namespace/service, with commas between: of these targets only. @default all in the namespaces',
  ),
  baseline: text('^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$', 'Of "meshproof baseline save NAME". @default see lookback'),
  lookback: text(
    '^[0-9]{1,5}(s|m|h)$',
    'Before is what was measured this long before the first question about the rollout, at most 1h. @default 5m',
  ),
  minCoverage: text('^(0(\\.[0-9]+)?|1(\\.0+)?)$', 'Share of cells that has to be known, 0 to 1. @default 1'),
  strict: { enum: ['true', 'false'], description: 'What was wrong before fails as well. @default false' },
};

const LOOKBACK = '5m';
const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

/** Fields have been held to their schema. Throws MPE_BAD_REQUEST for a lookback of more than is kept. */
export function questionOf(
  fields: QuestionFields,
  {
    namespace,
    rollout,
    isBeginning,
  }: { readonly namespace: string; readonly rollout: string; readonly isBeginning: boolean },
): Question {
  const { namespaces, services, baseline, lookback = LOOKBACK, minCoverage = '1', strict } = fields;
  const lookbackMs = Number.parseInt(lookback, 10) * (UNIT_MS[lookback.slice(-1)] ?? 0);
  if (lookbackMs > KEPT_MS) {
    throw new HttpRefusal(400, 'MPE_BAD_REQUEST', `lookback ${lookback} is more than 1h, and nobody remembers that`);
  }
  return {
    rollout,
    isBeginning,
    lookbackMs,
    scope: {
      namespaces: namespaces === undefined ? [namespace] : listed(namespaces),
      services: listed(services ?? ''),
    },
    minCoverage: Number(minCoverage),
    isStrict: strict === 'true',
    ...(baseline !== undefined && { baseline }),
  };
}

function listed(names: string): readonly string[] {
  return names.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
}

function text(pattern: string, description: string): Schema {
  return { type: 'string', maxLength: 4000, pattern, description };
}
