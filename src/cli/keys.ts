// gatehouse keys: signing keys and their life.
import type { Command } from "commander";
import { registerMaking } from "./keys/make_commands.ts";
import { registerReading } from "./keys/read_commands.ts";
import { registerRules } from "./keys/rule_commands.ts";
import { registerStates } from "./keys/state_commands.ts";

export function register(program: Command): void {
  const keys = program.command("keys")
    .summary("signing keys: make, import, rotate, restrict, switch off and destroy them")
    .addHelpText(
      "after",
      `
Looking takes no more than the right to use a key; changes go over VSOCK and Unix sockets only, proven with
an enrolled key (--admin-key; that of a VM that \`gatehouse up\` started is used by itself).
No command shows a private key. \`gatehouse backup create\` saves them, encrypted.

Examples:
  gatehouse keys create release --kind p256
  gatehouse sign release.tar --key release --out raw -o release.sig
  gatehouse keys public-key release > release.pem
  gatehouse keys rotate release
  gatehouse keys policy release --allow-transport vsock
  gatehouse keys disable release && gatehouse keys destroy release`,
    );
  registerMaking(keys);
  registerReading(keys);
  registerStates(keys);
  registerRules(keys);
}
