// The runs of full_disk.ts as a command.
import { note, print, reportFailure } from "../../src/cli/output.ts";
import { cantMount, fullDisk, readOnlyDisk } from "./full_disk.ts";
import { wholeOptions } from "./options.ts";

const USAGE = "usage: deno run -A tests/faults/small_disk.ts [--rounds 20]";

try {
  const { rounds } = wholeOptions(Deno.args, { rounds: 20 }, [], USAGE);
  const reason = await cantMount();
  if (reason !== undefined) {
    note(reason);
    Deno.exit(1);
  }
  print(await fullDisk(rounds));
  print(await readOnlyDisk());
} catch (error) {
  reportFailure(error, false);
  Deno.exit(1);
}
