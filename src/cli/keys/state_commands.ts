// gatehouse keys enable|disable|schedule-deletion|cancel-deletion|destroy: what a key may still do.
import type { Command } from "commander";
import { type Key, KeyState } from "../../proto/mod.ts";
import { GatehouseError } from "../../vm/errors.ts";
import { withAdmin } from "../admin_client.ts";
import { action } from "../command.ts";
import { confirmLoss } from "../confirm_loss.ts";
import { print, printJson } from "../output.ts";
import { parseSeconds, timeOrNull } from "../times.ts";
import { kindName } from "../words.ts";
import { changeKey, getKey, scheduleDeletion, type SimpleChange } from "./calls.ts";
import { atRevision, changeOf, type ChangeOptions, changeOptions } from "./change_options.ts";
import { keyJson, keyLine } from "./key_view.ts";

const ID = "as `gatehouse keys list` has it";
/** What the API takes. */
const MIN_AFTER_S = 3_600;
const MAX_AFTER_S = 90 * 86_400;

export function registerStates(keys: Command): void {
  registerSimple(keys, "enable", "Enable", "let it sign again");
  registerSimple(keys, "disable", "Disable", "it signs no more; it verifies, and can be enabled again");
  registerSchedule(keys);
  registerSimple(keys, "cancel-deletion", "CancelDeletion", "keep it after all; it is disabled then");
  registerDestroy(keys);
}

function registerSimple(keys: Command, verb: string, how: SimpleChange, summary: string): void {
  changeOptions(keys.command(verb))
    .summary(summary)
    .argument("<id>", ID)
    .addHelpText(
      "after",
      `\nExamples:\n  gatehouse keys ${verb} release\n  gatehouse keys ${verb} release --if-revision 3`,
    )
    .action(action(async ({ json, signal }, id: string, options: ChangeOptions) => {
      const request = changeOf(id, options);
      await withAdmin(options, signal, async (client) => tell(await changeKey(client, how, request), json));
    }));
}

function registerSchedule(keys: Command): void {
  changeOptions(keys.command("schedule-deletion"))
    .summary("it signs no more, and is destroyed when the time has come")
    .argument("<id>", ID)
    .option("--after <time>", "1h to 90d", "7d")
    .addHelpText(
      "after",
      `
Until then \`gatehouse keys cancel-deletion\` keeps it.

Examples:
  gatehouse keys schedule-deletion old
  gatehouse keys schedule-deletion old --after 30d`,
    )
    .action(action(async ({ json, signal }, id: string, options: ChangeOptions & { after: string }) => {
      const after_s = parseSeconds(options.after);
      if (after_s === undefined || after_s < MIN_AFTER_S || after_s > MAX_AFTER_S) {
        throw new GatehouseError(
          "bad-argument",
          `--after ${options.after}: no time from 1 hour to 90 days`,
          "write it like 12h or 30d; `gatehouse keys destroy` doesn't wait",
        );
      }
      const request = { ...changeOf(id, options), after_s };
      await withAdmin(options, signal, async (client) => {
        const key = await scheduleDeletion(client, request);
        tell(key, json);
        if (!json) print(`To keep it: gatehouse keys cancel-deletion ${id}`);
      });
    }));
}

function registerDestroy(keys: Command): void {
  changeOptions(keys.command("destroy"))
    .summary("its private half is gone at once, for good")
    .argument("<id>", ID)
    .option("-y, --yes", "don't ask")
    .addHelpText(
      "after",
      `
It must be disabled before. Its public half and its id stay: signatures verify, and no other key gets that id.

Examples:
  gatehouse keys disable old && gatehouse keys destroy old
  gatehouse keys destroy old --yes --if-revision 7`,
    )
    .action(action(async ({ json, signal }, id: string, options: ChangeOptions & { yes?: boolean }) => {
      let request = changeOf(id, options);
      await withAdmin(options, signal, async (client) => {
        if (!options.yes) {
          const key = await getKey(client, id);
          if (key.state === KeyState.ENABLED) {
            throw new GatehouseError(
              "bad-argument",
              `${id} is ENABLED: somebody may sign with it`,
              `gatehouse keys disable ${id}`,
            );
          }
          confirmLoss(`Destroy ${id} for good?`, lossOf(key), options.yes);
          request = atRevision(request, key);
        }
        tell(await changeKey(client, "Destroy", request), json);
      });
    }));
}

/** What is gone then, for who is asked. */
export function lossOf(key: Key): string[] {
  const { versions } = key;
  const since = (timeOrNull(key.created_at_ms.toNumber()) ?? "").slice(0, 10);
  return [
    `${key.id}: ${kindName(key.kind)}, ${versions.length} version${
      versions.length === 1 ? "" : "s"
    }, since ${since}`,
    "Lost: the private half of every version. Nothing signs with this key again, and the id stays taken.",
    "Kept: its public half, so that what it signed still verifies; and backups that hold it.",
  ];
}

function tell(key: Key, json: boolean): void {
  if (json) printJson(keyJson(key));
  else print(keyLine(key));
}
