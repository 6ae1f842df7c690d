// How the image of a VM that runs already differs from the lock: `up` builds nothing
// then, and must not pass over what it would have told.
import { describeDrift, refuseDrift } from "./image/lock.ts";
import { readImage } from "./image/manifest.ts";

/**
 * One line a difference; none when the image is gone.
 *
 * @throws GatehouseError with `locked`, when there is any
 */
export async function driftOf(imageDir: string, locked: boolean): Promise<readonly string[]> {
  const drift = (await readImage(imageDir))?.drift ?? [];
  if (locked) refuseDrift(drift);
  return drift.map(describeDrift);
}
