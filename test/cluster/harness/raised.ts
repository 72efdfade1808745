/** What a test file starts from, whatever an earlier file of its lane, or one that was killed, has left behind. */
import type { KubernetesObject } from '../mesh/objects.ts';
import { healthyAgain } from './healthy-again.ts';
import { install } from './installation.ts';

/** Installation and mesh of the lane are there, as they should be, and `more`. Resolves with the image that all run. */
export async function raised(more: (image: string) => readonly KubernetesObject[] = () => []): Promise<string> {
  const image = process.env['MESHPROOF_IMAGE'] ?? '';
  await Promise.all([install(image), healthyAgain(image, more(image))]);
  return image;
}
