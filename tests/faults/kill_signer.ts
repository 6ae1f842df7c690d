// kill -9 of the signer's program at random moments of making, rotating and destroying keys, and of its starts.
import { note, print, reportFailure } from "../../src/cli/output.ts";
import { killSigner } from "./kept_in_signer.ts";
import { wholeOptions } from "./options.ts";

const USAGE = "usage: deno run -A tests/faults/kill_signer.ts [--rounds 1000]";
const SAID_EVERY = 50;

try {
  const { rounds } = wholeOptions(Deno.args, { rounds: 1_000 }, [], USAGE);
  const so = await killSigner(rounds, ({ rounds: done, acknowledged }) => {
    if (done % SAID_EVERY === 0) {
      note(`${done} of ${rounds}: ${acknowledged} changes acknowledged, all there`);
    }
  });
  print(
    `${so.rounds} kills of the signer, and ${so.starts} of its starts: ${so.acknowledged} acknowledged changes ` +
      `there, ${so.unanswered} that were not answered whole, none half`,
  );
} catch (error) {
  reportFailure(error, false);
  Deno.exit(1);
}
