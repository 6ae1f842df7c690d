// gatehouse page: brings a gateway, and the page that it serves, to a browser on this machine.
// Must never listen where another machine can reach it: who connects calls with our rights.
import type { Command } from "commander";
import { proxy } from "@gatehouse/vsock";
import { parseAddress, type TcpAddress } from "../transport/address.ts";
import { listen } from "../transport/listen.ts";
import { isLoopback } from "../transport/plain_tcp.ts";
import { GatehouseError } from "../vm/errors.ts";
import { DEFAULT_VM } from "../vm/paths.ts";
import { action } from "./command.ts";
import { checkAnswers, type GatewayFlags, gatewayTarget } from "./gateway_target.ts";
import { note, print, printJson } from "./output.ts";
import { namedHere } from "./page_names.ts";
import { tlsOptions } from "./tls_option.ts";

interface PageOptions extends GatewayFlags {
  listen: string;
}

export function register(program: Command): void {
  tlsOptions(
    program.command("page")
      .summary("open a port of this machine to a gateway and its page, for a browser")
      .option("--name <vm>", "the VM whose gateway it is when there is no --server", DEFAULT_VM)
      .option(
        "--server <address>",
        "a gateway: unix:///path, vsock://cid:port, vsock+unix:///path:port or tls://host:port",
      )
      .option("--listen <address>", "where on this machine's loopback (port 0: any free one)", "127.0.0.1:0"),
  )
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Prints the URL and passes the port on until Ctrl-C. Every user and program of this machine can reach it
meanwhile and calls with your rights; administration takes a signed request even so.

Examples:
  gatehouse page
  gatehouse page --name second --listen 127.0.0.1:8080
  gatehouse page --server unix:///var/lib/gatehouse/http.sock --json
  gatehouse page --server tls://gatehouse.example:50443 --ca ca.pem --cert me.pem --key me.key`,
    )
    .action(action(async ({ json, signal }, options: PageOptions) => {
      const from = loopback(options.listen);
      const target = await gatewayTarget(options);
      await checkAnswers(target, signal);
      const listener = await listen(from);
      const url = `${listener.address.replace(/^tcp:/, "http:")}/`;
      if (json) printJson({ url, listening: listener.address, to: target.address });
      else print(`${url}  -> ${target.address} (Ctrl-C ends it)`);
      await proxy({
        listen: namedHere(listener),
        to: target.dial,
        signal,
        onError: (error) => note(`gatehouse page: ${error instanceof Error ? error.message : String(error)}`),
      });
    }));
}

/** @throws GatehouseError when others than this machine could reach it */
function loopback(text: string): TcpAddress {
  const address = parseAddress(text);
  if (address.transport === "tcp" && isLoopback(address)) return address;
  throw new GatehouseError(
    "bad-argument",
    `--listen ${text}: ${
      address.transport === "tcp"
        ? "other machines could reach it, and call with your rights"
        : "no browser dials that"
    }`,
    "listen on 127.0.0.1:PORT or [::1]:PORT; for other machines give the gateway a tls:// address",
  );
}
