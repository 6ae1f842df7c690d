// Input from a file or standard input, output to a file or standard output.
import { GatehouseError } from "../vm/errors.ts";
import { print, printBytes } from "./output.ts";

/**
 * The whole of a file, or of standard input for "-" or nothing.
 *
 * @param tooMuch what to do when there are more than `maxBytes`
 * @throws GatehouseError when it can't be read or has more than `maxBytes`
 */
export async function readInput(
  path: string | undefined,
  maxBytes: number,
  tooMuch = "give it less: one call takes no more",
): Promise<Uint8Array> {
  const named = path !== undefined && path !== "-";
  const what = named ? path : "standard input";
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    const source = named ? await Deno.open(path) : Deno.stdin;
    for await (const chunk of source.readable) {
      length += chunk.length;
      if (length > maxBytes) {
        throw new GatehouseError("bad-argument", `${what} has more than ${maxBytes} bytes`, tooMuch);
      }
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof GatehouseError) throw error;
    // A directory opens and can't be read.
    throw new GatehouseError(
      "bad-argument",
      `can't read ${what}: ${reason(error)}`,
      "give a file that can be read, or - for standard input",
    );
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** Bytes to `path`, or to standard output. */
export async function writeOutput(path: string | undefined, bytes: Uint8Array): Promise<void> {
  if (path === undefined || path === "-") return printBytes(bytes);
  try {
    await Deno.writeFile(path, bytes);
  } catch (error) {
    throw new GatehouseError(
      "bad-argument",
      `can't write ${path}: ${reason(error)}`,
      "give a path that can be written with --output",
    );
  }
}

/** Text to `path`, or to standard output. */
export async function writeText(path: string | undefined, text: string): Promise<void> {
  if (path === undefined || path === "-") return print(text);
  await writeOutput(path, new TextEncoder().encode(text + "\n"));
}

const reason = (error: unknown): string => error instanceof Error ? error.message : String(error);
