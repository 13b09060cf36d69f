import { buildBundles } from '../../infra/build.ts';

/** The bundles are built once for all tests, by the same path that `npm run build` and CDK take. */
export async function setup(): Promise<void> {
  await buildBundles();
}
