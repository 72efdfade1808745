/** `--expect-change FILE`: changes that are meant, as YAML or JSON; every mistake is told with its place. */
import { z } from 'zod';
import { MeshproofError } from '../../proto/errors.ts';
import { BECOMES } from '../gate/expected-changes.ts';
import type { ExpectedChange } from '../gate/expected-changes.ts';
import { nearest } from '../gate/nearest.ts';
import { parseDocuments } from '../snapshot/documents.ts';
import { readSource, unreadable } from '../snapshot/source.ts';

const TABLES = ['reachability', 'transport', 'health'] as const;
const NAME = '[a-z0-9.*-]+';

const change = z
  .strictObject({
    from: z
      .string()
      .regex(
        new RegExp(`^(\\*|${NAME}/${NAME})( \\((naked|sidecar|ambient|host)\\))?$`),
        'expected namespace/service-account, as legacy/batch or legacy/*',
      )
      .optional(),
    to: z
      .string()
      .regex(
        new RegExp(`^(\\*|${NAME}/${NAME}(:([0-9]+|\\*))?( via .+)?)$`),
        'expected namespace/service:port, as shop/pay:8080, shop/pay or shop/*',
      )
      .optional(),
    table: z.enum(TABLES).optional(),
    probe: z.string().optional(),
    becomes: z.enum(BECOMES),
  })
  .refine(
    ({ from, to }) => from !== undefined || to !== undefined,
    'expected from, to, or both: it would be every route',
  );

const KEYS = ['from', 'to', 'table', 'probe', 'becomes'];
const EXAMPLE = 'Write a list: - {from: legacy/batch, to: shop/pay:8080, becomes: closed}';

/** Throws MPE_UNREADABLE_INPUT with `file:line:column` and what was expected. */
export async function readExpectedChanges(path: string): Promise<readonly ExpectedChange[]> {
  const source = await readSource(path);
  const documents = parseDocuments(source);
  if (documents.length === 0)
    throw withHint(unreadable(source, 0, 'expected a list of changes, and there is nothing'), EXAMPLE);
  return documents.flatMap(({ value, offsetOf }) => {
    const parsed = z.array(change).min(1, 'expected at least one change').safeParse(value);
    if (parsed.success) return parsed.data as readonly ExpectedChange[];
    // A word that is not known says more than the known one that is missing for it.
    const unknown = parsed.error.issues.find(({ code }) => code === 'unrecognized_keys');
    const { at, expected, hint } = faultIn(unknown ?? parsed.error.issues[0], value);
    throw withHint(unreadable(source, offsetOf(at), expected), hint);
  });
}

interface Fault {
  readonly at: readonly (string | number)[];
  readonly expected: string;
  readonly hint: string;
}

function faultIn(issue: z.core.$ZodIssue | undefined, value: unknown): Fault {
  const path = (issue?.path ?? []).filter((part) => typeof part !== 'symbol');
  if (issue === undefined) return { at: [], expected: 'expected a list of changes', hint: EXAMPLE };
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    return {
      at: [...path, key],
      expected: `there is no "${key}"; expected ${KEYS.join(', ')}`,
      hint: meant(key, KEYS),
    };
  }
  if (issue.code === 'invalid_value') {
    const words = issue.values.map(String);
    const found = path.reduce<unknown>(
      (here, key) => (here as Record<string | number, unknown> | undefined)?.[key],
      value,
    );
    const word = typeof found === 'string' ? found : '';
    const said = found === undefined ? 'it is missing' : `"${word === '' ? JSON.stringify(found) : word}" is none`;
    return {
      at: path,
      expected: `${String(path.at(-1))}: expected one of ${words.join(', ')}; ${said}`,
      hint: meant(word, words),
    };
  }
  if (path.length === 0) return { at: path, expected: 'expected a list of changes', hint: EXAMPLE };
  const message = issue.message.startsWith('expected') ? issue.message : `expected otherwise: ${issue.message}`;
  return { at: path, expected: message, hint: EXAMPLE };
}

function meant(word: string, words: readonly string[]): string {
  const close = nearest(word, words);
  return close === undefined ? EXAMPLE : `Did you mean ${close}?`;
}

function withHint({ message, cause }: MeshproofError, hint: string): MeshproofError {
  return new MeshproofError('MPE_UNREADABLE_INPUT', message, { hint, cause });
}
