// gatehouse whoami: who we are to a server, and what that allows.
import type { Command } from "commander";
import { roleName } from "../authority/identity.ts";
import type { WhoAmIRequestInit, WhoAmIResponse } from "../proto/mod.ts";
import { type AdminOptions, adminOptions, withAdmin } from "./admin_client.ts";
import { action } from "./command.ts";
import { print, printJson } from "./output.ts";

export function register(program: Command): void {
  adminOptions(program.command("whoami"))
    .summary("who you are to the server, and what that allows")
    .addHelpText(
      "after",
      `
Examples:
  gatehouse whoami
  gatehouse whoami --server unix:///run/gatehouse.sock --admin-key ./alice.key`,
    )
    .action(action(async ({ json, signal }, options: AdminOptions) => {
      await withAdmin(options, signal, async (client) => {
        const reply = await client.unary<WhoAmIRequestInit, WhoAmIResponse>(
          "/gatehouse.v1.Access/WhoAmI",
          {},
        );
        const { identity, transport, keys } = reply;
        const role = roleName(reply.role);
        if (json) return printJson({ identity, role, transport, keys });
        const mayUse = keys.includes("*")
          ? "all keys"
          : keys.length > 0
          ? `keys ${keys.join(", ")}`
          : "no key";
        print(`${identity} (${role}, by ${transport}), may use ${mayUse}`);
      });
    }));
}
