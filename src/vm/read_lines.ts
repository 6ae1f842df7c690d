// Lines of a child's output as they come, each bounded. Never keeps what it handed on.

/** Of a longer line only the end is handed on; a tool without line ends must not fill memory. */
const MAX_LINE_CHARS = 8 * 1024;

/** Calls `onLine` for each line until the stream ends; a carriage return ends a line too, for progress meters. */
export async function readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onLine: (line: string) => void,
  maxLineChars = MAX_LINE_CHARS,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split(/\r\n|\n|\r/);
    rest = (lines.pop() ?? "").slice(-maxLineChars);
    lines.forEach(onLine);
  }
  if (rest !== "") onLine(rest);
}
