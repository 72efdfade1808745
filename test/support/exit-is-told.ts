/** For `--import`: tells of a process that does not end by itself, but has to be ended. */
import process from 'node:process';

const exit = process.exit.bind(process);
process.exit = (status) => {
  process.stderr.write(`process.exit was called, held by ${process.getActiveResourcesInfo().join(', ')}\n`);
  return exit(status);
};
