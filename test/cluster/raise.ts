/** Before the cluster's tests: the image. Each lane is raised by the first file that has it. */
import { testImage } from './harness/image.ts';

await testImage(process.env);
