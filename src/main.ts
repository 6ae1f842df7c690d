// The one command's entry: every verb registers itself, none knows another.
import { Command } from "commander";
import { register as admins } from "./cli/admins.ts";
import { register as backup } from "./cli/backup.ts";
import { register as bench } from "./cli/bench.ts";
import { register as ca } from "./cli/ca.ts";
import { register as config } from "./cli/config.ts";
import { register as doctor } from "./cli/doctor.ts";
import { register as echo } from "./cli/echo.ts";
import { register as keys } from "./cli/keys.ts";
import { register as page } from "./cli/page.ts";
import { register as logLevel } from "./cli/log_level.ts";
import { register as profile } from "./cli/profile.ts";
import { register as proxy } from "./cli/proxy.ts";
import { register as pubkey } from "./cli/pubkey.ts";
import { register as random } from "./cli/random.ts";
import { register as restore } from "./cli/restore.ts";
import { register as sealing } from "./cli/sealing.ts";
import { register as serve } from "./cli/serve.ts";
import { register as sign } from "./cli/sign.ts";
import { register as test } from "./cli/test.ts";
import { register as top } from "./cli/top.ts";
import { register as up } from "./cli/up.ts";
import { register as verify } from "./cli/verify.ts";
import { register as vm } from "./cli/vm.ts";
import { register as whoami } from "./cli/whoami.ts";
import { reportFailure } from "./cli/output.ts";
import { GatehouseError } from "./vm/errors.ts";
import denoConfig from "../deno.json" with { type: "json" };

const program = new Command("gatehouse")
  .description("A sealed VM that answers gRPC: the host over VSOCK, the network over TCP.")
  .version(denoConfig.version)
  // --version means the program's before a command only: behind `config get` it is a version of the configuration.
  .enablePositionalOptions()
  .showSuggestionAfterError()
  .configureHelp({ sortSubcommands: false })
  .addHelpText(
    "after",
    `
Start here:
  gatehouse up          build the image, boot it, call it
  gatehouse echo hello  call the running VM
  gatehouse down        stop it; its keys stay`,
  );

for (
  const register of [
    up,
    vm,
    echo,
    keys,
    sign,
    pubkey,
    verify,
    random,
    backup,
    restore,
    sealing,
    whoami,
    top,
    admins,
    page,
    proxy,
    serve,
    bench,
    config,
    profile,
    logLevel,
    ca,
    doctor,
    test,
  ]
) {
  register(program);
}

nameHelp(program, "gatehouse");
await program.parseAsync([Deno.execPath(), "gatehouse", ...Deno.args]);

/** A mistake in a command's words ends with the help of that command; who reads JSON gets it as JSON. */
function nameHelp(command: Command, name: string): void {
  const what = command.commands.length > 0 ? "lists the commands" : "shows how it is used";
  const next = `\`${name} --help\` ${what}`;
  if (Deno.args.includes("--json")) {
    const outputError = (text: string) =>
      reportFailure(new GatehouseError("bad-argument", text.replace(/^error: /, "").trimEnd(), next), true);
    command.configureOutput({ outputError }).showHelpAfterError(false);
  } else command.showHelpAfterError(`Next: ${next}.`);
  for (const below of command.commands) nameHelp(below, `${name} ${below.name()}`);
}
