// Input from a file or standard input, output to a file or standard output.
import { GatehouseError } from "../vm/errors.ts";
import { print, printBytes } from "./output.ts";

/** The whole of a file, or of standard input for "-" or nothing. At most `maxBytes`, else an error that says so. */
export async function readInput(path: string | undefined, maxBytes: number): Promise<Uint8Array> {
  const named = path !== undefined && path !== "-";
  const source = named ? await openForReading(path) : Deno.stdin;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source.readable) {
    length += chunk.length;
    if (length > maxBytes) {
      throw new GatehouseError(
        "bad-argument",
        `${named ? path : "standard input"} has more than ${maxBytes} bytes`,
        "give it less: one call takes no more",
      );
    }
    chunks.push(chunk);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

async function openForReading(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (error) {
    throw new GatehouseError(
      "bad-argument",
      `can't read ${path}: ${reason(error)}`,
      "give a file that can be read, or - for standard input",
    );
  }
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
