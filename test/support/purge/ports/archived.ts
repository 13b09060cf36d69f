import { gunzipSync } from 'node:zlib';
import type { World } from '../world.ts';

/** Every line that the archive's objects hold. */
export function archivedIn({ objects }: Pick<World, 'objects'>) {
  return [...objects.values()].flatMap((object) =>
    gunzipSync(object)
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  );
}
