// Bytes to lines of text, split at \n and \r alike (tools draw progress with \r).

/** A line that never ends must not fill memory; no tool of ours writes one as long. */
const MAX_LINE_CHARS = 16_384;

export class TextLineStream extends TransformStream<Uint8Array, string> {
  constructor() {
    const decoder = new TextDecoder();
    let rest = "";
    super({
      transform(bytes, controller) {
        const parts = (rest + decoder.decode(bytes, { stream: true })).split(/[\r\n]+/);
        rest = (parts.pop() ?? "").slice(-MAX_LINE_CHARS);
        for (const line of parts) if (line !== "") controller.enqueue(line);
      },
      flush(controller) {
        rest += decoder.decode();
        if (rest !== "") controller.enqueue(rest);
      },
    });
  }
}
