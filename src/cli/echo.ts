// gatehouse echo: one Echo, or several, with the latency of each.
import type { Command } from "commander";
import { action, wholeNumber } from "./command.ts";
import { withClient } from "./client.ts";
import { print, printJson, printJsonLine } from "./output.ts";
import { resolveServer, type ServerOptions, serverOptions } from "./server_option.ts";

/** Bounds a typing mistake: calls one after the other tell latency, not load. */
const MAX_COUNT = 1_000_000;
/** What fits a message of gRPC's default limit (4 MiB). */
const MAX_PAYLOAD_BYTES = 4 * 1024 * 1024 - 1024;

interface EchoOptions extends ServerOptions {
  count: string;
  size?: string;
}

export function register(program: Command): void {
  serverOptions(program.command("echo"))
    .summary("send a text and get it back, with the latency")
    .argument("[text]", "what to send", "hello")
    .option("--count <n>", "how many calls, one after the other", "1")
    .option("--size <bytes>", "send this many bytes instead of a text, and compare what comes back")
    .addHelpText(
      "after",
      `
Examples:
  gatehouse echo hello                                    the VM that \`up\` started
  gatehouse echo hello --server vsock://3:50051           a VM by its CID
  gatehouse echo --count 100 --json                       one JSON object a line
  gatehouse echo --size 1048576 --server tcp://127.0.0.1:50051
  gatehouse echo --server tls://gatehouse.example:50051 --ca ca.pem --cert ci.pem --key ci.key
  gatehouse echo hi --server vsock://3:50051,tcp://127.0.0.1:50051   the second when the first fails`,
    )
    .action(action(async ({ json, signal }, text: string, options: EchoOptions) => {
      const count = wholeNumber("--count", options.count, 1, MAX_COUNT);
      const payload = options.size === undefined
        ? text
        : patterned(wholeNumber("--size", options.size, 0, MAX_PAYLOAD_BYTES));
      const server = await resolveServer(options);
      const printResult = count > 1 ? printJsonLine : printJson;
      await withClient(server.addresses, { ...server, signal }, async (client) => {
        for (let i = 0; i < count; i++) {
          const started = performance.now();
          const reply = await client.echo(payload);
          const latencyMs = performance.now() - started;
          if (reply.payload !== payload) {
            throw new Error(`the server at ${client.peer()} returned another payload than was sent`);
          }
          if (json) {
            printResult({
              payload: options.size === undefined ? reply.payload : undefined,
              payload_bytes: new TextEncoder().encode(reply.payload).length,
              request_timestamp: reply.request_timestamp.toString(),
              response_timestamp: reply.response_timestamp.toString(),
              latency_ms: Number(latencyMs.toFixed(3)),
              peer: client.peer(),
            });
          } else {
            const shown = options.size === undefined ? reply.payload : `${payload.length} bytes, all equal`;
            print(`${shown}  (${latencyMs.toFixed(2)} ms, ${client.peer()})`);
          }
        }
      });
    }));
}

/** A payload in which a lost or repeated piece shows: the decimal offsets, one after the other. */
function patterned(bytes: number): string {
  const parts: string[] = [];
  for (let length = 0; length < bytes;) {
    const part = `${length} `;
    parts.push(part);
    length += part.length;
  }
  return parts.join("").slice(0, bytes);
}
