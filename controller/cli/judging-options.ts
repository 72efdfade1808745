/** Options of the commands that judge: what fails, from which coverage on, and which objects are vouched for. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { MeshproofError } from '../../proto/errors.ts';

const FAILURES = ['drift', 'critical', 'error', 'warning'] as const;
type FailOn = (typeof FAILURES)[number];

export interface JudgingFlags {
  readonly minCoverage: number;
  readonly failOn: readonly FailOn[];
  /** `KIND/NAMESPACE/NAME`. */
  readonly trust: readonly string[];
}

export const DEFAULT_MIN_COVERAGE = 0.95;
export const DEFAULT_FAIL_ON: readonly FailOn[] = ['drift', 'critical', 'error'];

export function addJudgingOptions(command: Command, minCoverage = DEFAULT_MIN_COVERAGE): Command {
  return command
    .addOption(
      new Option('--min-coverage <part>', 'judged cells / planned cells below which there is no verdict, 0 to 1')
        .argParser(parsePart)
        .default(minCoverage),
    )
    .addOption(
      new Option('--fail-on <findings>', `what fails the sweep, of ${FAILURES.join(',')}`)
        .argParser(parseFailOn)
        .default(DEFAULT_FAIL_ON, DEFAULT_FAIL_ON.join(',')),
    )
    .addOption(trustOption());
}

export function trustOption(): Option {
  return new Option(
    '--trust <object>',
    'KIND/NAMESPACE/NAME of an object that meshproof does not model and that you vouch for, ' +
      'for example an EnvoyFilter (repeatable)',
  )
    .argParser(parseTrusted)
    .default([] satisfies readonly string[], 'none');
}

function parsePart(text: string): number {
  const part = Number(text);
  if (text.trim() !== '' && part >= 0 && part <= 1) return part;
  throw new MeshproofError('MPE_USAGE', `--min-coverage ${text} is no number from 0 to 1`);
}

function parseTrusted(text: string, before: readonly string[]): readonly string[] {
  if (/^[A-Za-z]+\/[a-z0-9.-]+\/[a-z0-9.-]+$/.test(text)) return [...before, text];
  throw new MeshproofError('MPE_USAGE', `--trust ${text} names no object`, {
    hint: 'Write it as EnvoyFilter/istio-system/my-filter.',
  });
}

function parseFailOn(text: string): readonly FailOn[] {
  return text.split(',').map((word) => {
    const known = FAILURES.find((one) => one === word.trim());
    if (known !== undefined) return known;
    throw new MeshproofError('MPE_USAGE', `--fail-on ${text}: there is no "${word}"`, {
      hint: `Name some of ${FAILURES.join(', ')}, with commas between them.`,
    });
  });
}
