/** Before the cluster's tests: the image, an installation in a namespace of its own, and the healthy mesh. */
import { healthyAgain } from './harness/healthy-again.ts';
import { testImage } from './harness/image.ts';
import { install } from './harness/installation.ts';

const image = await testImage(process.env);
await Promise.all([install(image), healthyAgain(image)]);
