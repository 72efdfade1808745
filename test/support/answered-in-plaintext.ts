/** The plainest expectation there is: no policy has a say, and the target answers in plaintext. */
import type { Expectation } from '../../controller/declared/expectation.ts';

export const ANSWERED_IN_PLAINTEXT: Expectation = {
  expect: 'allow',
  outcome: 'ALLOW_PLAINTEXT',
  transport: 'plaintext',
  identity: null,
  decidedBy: null,
  trail: [],
  warnings: [],
};
