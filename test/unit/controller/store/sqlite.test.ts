import t from 'tap';
import { openStore } from '../../../../controller/store/open-store.ts';
import { CONTRACT } from '../../../support/store/contract.ts';

for (const { says, holds } of CONTRACT) {
  t.test(says, async (t) => {
    const path = `${t.testdir()}/store.sqlite`;
    await holds(t, (retention) => openStore(`sqlite:${path}`, retention === undefined ? {} : { retention }));
  });
}
