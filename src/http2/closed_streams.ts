// What became of streams that are gone: late frames on some are legal, on others an error.
// Must never grow: a slot for each of the last ids, the newest wins.
import { CLOSED_STREAM_MEMORY } from "./limits.ts";

/** How a stream ended. FORGOTTEN: too long ago to say; NEVER: it was skipped. */
export const Closed = { NEVER: 0, FORGOTTEN: 1, ENDED: 2, RESET_BY_PEER: 3, RESET_BY_US: 4 } as const;

/** Direct-mapped by id: ids of one side rise by two, so the newest CLOSED_STREAM_MEMORY never collide. */
export class ClosedStreams {
  #ids = new Uint32Array(0);
  #how = new Uint8Array(0);

  remember(streamId: number, how: number): void {
    if (this.#ids.length === 0) {
      this.#ids = new Uint32Array(CLOSED_STREAM_MEMORY);
      this.#how = new Uint8Array(CLOSED_STREAM_MEMORY);
    }
    const slot = (streamId >>> 1) & (CLOSED_STREAM_MEMORY - 1);
    if (this.#ids[slot] > streamId) return; // a stream that lived long ends late
    this.#ids[slot] = streamId;
    this.#how[slot] = how;
  }

  /** @param newestId the highest id opened so far */
  recall(streamId: number, newestId: number): number {
    const slot = (streamId >>> 1) & (CLOSED_STREAM_MEMORY - 1);
    if (this.#ids.length > 0 && this.#ids[slot] === streamId) return this.#how[slot];
    return newestId - streamId >= 2 * CLOSED_STREAM_MEMORY ? Closed.FORGOTTEN : Closed.NEVER;
  }
}
