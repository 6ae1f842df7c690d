// Progress for what is mostly done at once: nothing is shown in the first second.
import { progressReporter } from "../output.ts";

const SILENT_MS = 1_000;
const MB = 1_000_000;

/** Passes the parts on and tells how many bytes went by. */
export async function* withProgress(
  step: string,
  parts: AsyncIterable<Uint8Array>,
  totalBytes: number | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  const progress = progressReporter();
  const startedMs = performance.now();
  let bytes = 0;
  try {
    for await (const part of parts) {
      bytes += part.length;
      if (performance.now() - startedMs > SILENT_MS) {
        const of = totalBytes === undefined ? "" : ` of ${(totalBytes / MB).toFixed(0)}`;
        progress.report({
          step,
          detail: `${(bytes / MB).toFixed(0)}${of} MB`,
          fraction: totalBytes === undefined ? undefined : bytes / totalBytes,
        });
      }
      yield part;
    }
  } finally {
    progress.done();
  }
}
