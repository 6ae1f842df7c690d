// gatehouse proxy: lets programs that know only plain TCP or Unix sockets reach a VM's VSOCK or a server by TLS.
import type { Command } from "commander";
import { proxy } from "@gatehouse/vsock";
import { parseAddress } from "../transport/address.ts";
import { dialer } from "../transport/dial.ts";
import { listen } from "../transport/listen.ts";
import { checkPlainTcp } from "../transport/plain_tcp.ts";
import { GatehouseError } from "../vm/errors.ts";
import { action } from "./command.ts";
import { note, print, printJson } from "./output.ts";
import { readTls, type TlsFlags, tlsOptions } from "./tls_option.ts";

interface ProxyOptions extends TlsFlags {
  listen: string;
  to: string;
  insecureTcp: boolean;
}

export function register(program: Command): void {
  tlsOptions(program.command("proxy"))
    .summary("pass a TCP port or a Unix socket on to a VM's VSOCK, or to a server by TLS")
    .requiredOption("--listen <address>", "tcp://127.0.0.1:port (port 0: any free one) or unix:///path")
    .requiredOption("--to <address>", "vsock://cid:port, vsock+unix:///path:port or tls://host:port")
    .option(
      "--insecure-tcp",
      "allow --listen on TCP beyond loopback: everyone who reaches it is let through",
      false,
    )
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  gatehouse proxy --listen tcp://127.0.0.1:50052 --to vsock://3:50051
  grpcurl -plaintext 127.0.0.1:50052 list
  gatehouse proxy --listen unix:///run/user/1000/gatehouse.sock --to tls://gatehouse.example:50051 \\
    --ca ca.pem --cert ci.pem --key ci.key`,
    )
    .action(action(async ({ json, signal }, options: ProxyOptions) => {
      const from = parseAddress(options.listen);
      const refusal = checkPlainTcp(from, options.insecureTcp);
      if (refusal) {
        throw new GatehouseError("bad-argument", refusal, "listen on 127.0.0.1 or on a Unix socket");
      }
      const tls = await readTls(options, options.to);
      const listener = await listen(from);
      if (json) printJson({ listening: listener.address, to: options.to });
      else print(`Proxy ready: ${listener.address} -> ${options.to} (Ctrl-C ends it)`);
      await proxy({
        listen: listener,
        to: dialer(parseAddress(options.to), { tls }),
        signal,
        onError: (error, client) =>
          note(
            `gatehouse proxy: ${client.address}: ${error instanceof Error ? error.message : String(error)}`,
          ),
      });
    }));
}
