import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { baselineJson } from '../../../../controller/baselines/baseline-text.ts';
import { readPreview } from '../../../../controller/cli/preview-file.ts';
import { baseline } from '../../../support/baselines.ts';

const CALL = 'legacy/batch (naked) → shop/db:80 http';
const MIXED = {
  severity: 'error',
  cause: {
    code: 'MP1105',
    objects: [
      { kind: 'Service', namespace: 'shop', name: 'db' },
      { kind: 'Pod', namespace: 'shop', name: 'db-0' },
      { kind: 'Pod', namespace: 'shop', name: 'pay-7c9f5d6b8d-x2x4z' },
    ],
  },
};

function previewFile(t: Test, measured: object): string {
  const path = join(t.testdir({}), 'preview.json');
  const before = JSON.parse(baselineJson(baseline(`${CALL}: plaintext`))) as unknown;
  const document = {
    ...{ apiVersion: 'meshproof.io/v1alpha1', kind: 'Preview', conflicts: { appearing: [MIXED] } },
    measured: { baseline: before, predictions: [], ...measured },
  };
  writeFileSync(path, JSON.stringify(document));
  return path;
}

t.test('pods of a StatefulSet in foretold conflicts go by their workload, as the sweep named it', async (t) => {
  const path = previewFile(t, { workloads: { 'shop/db-0': 'shop/db' } });
  t.same((await readPreview(path)).conflicts, ['MP1105 Service/shop/db Workload/shop/db Workload/shop/pay']);
});

t.test('a preview of before workloads were told is read as it was', async (t) => {
  const { conflicts, before, predictions } = await readPreview(previewFile(t, {}));
  t.same(conflicts, ['MP1105 Service/shop/db Workload/shop/db-0 Workload/shop/pay']);
  t.match(before, { cells: [{ target: 'shop/db:80', measured: 'plaintext' }] });
  t.same(predictions, []);
});

t.test('a caller that has a sidecar then is foretold to be gone as it was', async (t) => {
  const predictions = [{ identity: `reachability ${CALL}`, becomes: 'gone', certainty: 'probable' }];
  t.same((await readPreview(previewFile(t, { predictions }))).predictions, predictions);
});

t.test('what foretells nothing is unreadable input', async (t) => {
  for (const measured of [{ predictions: undefined }, { predictions: [{ becomes: 'odd' }] }, { workloads: ['x'] }]) {
    await t.rejects(readPreview(previewFile(t, measured)), { code: 'MPE_UNREADABLE_INPUT', hint: /--from-sweep/ });
  }
});
