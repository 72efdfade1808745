import t from 'tap';
import { requireRights } from '../../../../../controller/fleet/kubernetes/rights.ts';
import { FakeProbeApi } from '../../../../support/fake-probe-api.ts';

const SIGNAL = new AbortController().signal;

t.test('who may do all of it everywhere is asked nothing more', async (t) => {
  const api = new FakeProbeApi();
  const asked: string[] = [];
  api.beforeAnswer = (call) => {
    asked.push(call);
    return Promise.resolve();
  };
  await requireRights(api, ['shop', 'legacy'], SIGNAL);
  t.strictSame(asked.sort(), [
    'may create jobs ',
    'may delete jobs ',
    'may list events ',
    'may list jobs ',
    'may list pods ',
  ]);
});

t.test('who may do it in the namespaces alone is let through', async (t) => {
  const api = new FakeProbeApi();
  for (const right of ['create jobs', 'delete jobs', 'list pods']) api.refused.add(`${right} `);
  await t.resolves(requireRights(api, ['shop', 'legacy'], SIGNAL));
});

t.test('all that is missing is named at once, with the rules to add', async (t) => {
  const api = new FakeProbeApi();
  for (const right of ['delete jobs ', 'delete jobs shop', 'delete jobs legacy']) api.refused.add(right);
  for (const right of ['list events ', 'list events legacy']) api.refused.add(right);
  await t.rejects(requireRights(api, ['shop', 'legacy'], SIGNAL), {
    code: 'MPE_NOT_PERMITTED',
    exitStatus: 77,
    message:
      "the controller's account may not delete jobs in namespace legacy, shop, nor list events in namespace legacy",
    hint: [
      'Add to Roles in namespaces legacy, shop:',
      '- { apiGroups: ["batch"], resources: ["jobs"], verbs: ["delete"] } # in namespace legacy, shop',
      '- { apiGroups: [""], resources: ["events"], verbs: ["list"] } # in namespace legacy',
    ].join('\n'),
  });
});
