// A secret of one's own as a new file: 0600, never in place of another.
import { exists, writeOnce } from "../files/write_once.ts";
import { GatehouseError } from "../vm/errors.ts";

/** @throws GatehouseError when it is there already, or can't be written */
export async function writeSecretFile(file: string, text: string): Promise<void> {
  if (await exists(file)) {
    throw new GatehouseError("bad-argument", `${file} is there already`, "name a file that isn't");
  }
  try {
    await writeOnce(file, new TextEncoder().encode(text));
  } catch (error) {
    throw new GatehouseError(
      "bad-argument",
      `can't write ${file}: ${error instanceof Error ? error.message : error}`,
      "name a file that can be written",
    );
  }
}
