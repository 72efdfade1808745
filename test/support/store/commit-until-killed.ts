/** A controller for a test to kill: once told to go, commits for ever, and prints the number of each that is stored. */
import { writeSync } from 'node:fs';
import { once } from 'node:events';
import { openStore } from '../../../controller/store/open-store.ts';
import { numbered, numberOf } from './numbered.ts';

const [url = ''] = process.argv.slice(2);
await once(process.stdin, 'data');
await using store = await openStore(url);
for (let number = numberOf(await store.takeOver()) + 1; ; number += 1) {
  await store.commit(numbered(number));
  writeSync(1, `${String(number)}\n`);
}
