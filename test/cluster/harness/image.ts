/** The image that the tests run: given by name, or made from this checkout by a command that knows the cluster. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PACK = fileURLToPath(new URL('../../../deploy/image.sh', import.meta.url));
const BUILD_WITHIN_MS = 300_000;

/**
 * `MESHPROOF_IMAGE` is the reference. Where `MESHPROOF_IMAGE_COMMAND` is set, it is run with the reference and a folder that
 * holds what belongs below `/app`, and makes the image available to the cluster.
 */
export async function testImage(env: NodeJS.ProcessEnv): Promise<string> {
  const { MESHPROOF_IMAGE: reference = '', MESHPROOF_IMAGE_COMMAND: command = '' } = env;
  if (reference === '') throw new Error('MESHPROOF_IMAGE must name the image that the cluster is to run');
  if (command === '') return reference;
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-image-'));
  try {
    await run(PACK, [folder], { timeout: BUILD_WITHIN_MS });
    const [program = '', ...args] = command.split(' ');
    await run(program, [...args, reference, folder], { timeout: BUILD_WITHIN_MS });
    return reference;
  } finally {
    await rm(folder, { recursive: true });
  }
}
