// gatehouse keys policy|labels: who may sign with a key and how, and what it is found by.
// Must never change what isn't named: it is read first, and changed at the revision that was read.
import type { Command } from "commander";
import type { Key } from "../../proto/mod.ts";
import { GatehouseError } from "../../vm/errors.ts";
import { withAdmin } from "../admin_client.ts";
import { action } from "../command.ts";
import { print, printJson } from "../output.ts";
import { collect, parseLabels } from "../repeatable.ts";
import { getKey, setLabels, setPolicy } from "./calls.ts";
import { atRevision, changeOf, type ChangeOptions, changeOptions } from "./change_options.ts";
import { keyJson, keyLine, policyLines } from "./key_view.ts";
import { namesPolicy, type PolicyFlags, policyOf, policyOptions, withRules } from "./policy_options.ts";

const ID = "as `gatehouse keys list` has it";

export function registerRules(keys: Command): void {
  registerPolicy(keys);
  registerLabels(keys);
}

interface PolicyCommandOptions extends ChangeOptions, PolicyFlags {
  clear?: boolean;
}

function registerPolicy(keys: Command): void {
  policyOptions(changeOptions(keys.command("policy")))
    .summary("show or change who may sign with it, with what, over what, when and how often")
    .argument("<id>", ID)
    .option("--clear", "first take every rule away that isn't named here")
    .addHelpText(
      "after",
      `
Without a rule it is shown. A rule that isn't named stays; \`any\` takes one away. It restricts on top of
what [access] of the configuration allows.

Examples:
  gatehouse keys policy release
  gatehouse keys policy release --allow-transport vsock,tcp-tls --rate 50
  gatehouse keys policy release --allow-identity dns:ci.example --allow-identity dns:build.example
  gatehouse keys policy release --not-after 2027-12-31T23:59:59Z
  gatehouse keys policy release --rate any
  gatehouse keys policy release --clear`,
    )
    .action(action(async ({ json, signal }, id: string, options: PolicyCommandOptions) => {
      const rules = policyOf(options);
      const change = changeOf(id, options);
      await withAdmin(options, signal, async (client) => {
        const before = await getKey(client, id);
        if (!options.clear && !namesPolicy(options)) return tellPolicy(before, json);
        const key = await setPolicy(client, {
          ...atRevision(change, before),
          policy: options.clear ? rules : withRules(before.policy, rules),
        });
        tellPolicy(key, json);
      });
    }));
}

function tellPolicy(key: Key, json: boolean): void {
  if (json) return printJson(keyJson(key));
  print(keyLine(key));
  const lines = policyLines(key.policy);
  for (const line of lines.length === 0 ? ["no restriction"] : lines) print(`  ${line}`);
}

interface LabelsOptions extends ChangeOptions {
  remove?: string[];
  clear?: boolean;
}

function registerLabels(keys: Command): void {
  changeOptions(keys.command("labels"))
    .summary("show, set or remove its labels")
    .argument("<id>", ID)
    .argument("[labels...]", "name=value to set; those that aren't named stay")
    .option("--remove <name>", "takes one away; repeatable", collect)
    .option("--clear", "first take all away")
    .addHelpText(
      "after",
      `
Examples:
  gatehouse keys labels release
  gatehouse keys labels release stage=production team=web
  gatehouse keys labels release --remove team
  gatehouse keys labels release --clear`,
    )
    .action(action(async ({ json, signal }, id: string, given: string[], options: LabelsOptions) => {
      const wanted = parseLabels(given, "label");
      const remove = options.remove ?? [];
      const twice = remove.find((name) => Object.hasOwn(wanted, name));
      if (twice !== undefined) {
        throw new GatehouseError("bad-argument", `${twice} is set and removed`, "do one of the two");
      }
      const change = changeOf(id, options);
      await withAdmin(options, signal, async (client) => {
        const before = await getKey(client, id);
        const changes = options.clear || remove.length > 0 || given.length > 0;
        if (!changes) return tellLabels(before, json);
        const kept = options.clear ? {} : before.labels;
        const labels = Object.fromEntries(
          Object.entries({ ...kept, ...wanted }).filter(([name]) => !remove.includes(name)),
        );
        tellLabels(await setLabels(client, { ...atRevision(change, before), labels }), json);
      });
    }));
}

function tellLabels(key: Key, json: boolean): void {
  if (json) return printJson(keyJson(key));
  print(keyLine(key));
  const labels = Object.entries(key.labels);
  for (const [name, value] of labels) print(`  ${name}=${value}`);
  if (labels.length === 0) print("  no labels");
}
