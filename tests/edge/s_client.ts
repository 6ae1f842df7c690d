// `openssl s_client` against the edge: says a whole, short HTTP/2 conversation and gives what came of it.
import { run } from "../lib/command.ts";
import { concat, FRAME, frame, PREFACE } from "../lib/raw_http2.ts";
import type { Identity } from "./pki.ts";

/** Preface, SETTINGS, and a PING on a stream, for which the agent closes once it has answered. */
const CONVERSATION = concat(PREFACE, frame(FRAME.SETTINGS, 0, 0), frame(FRAME.PING, 0, 1));
/** The head of the agent's own SETTINGS, among openssl's text. */
// deno-lint-ignore no-control-regex
const SETTINGS = /\x00\x00.\x04\x00\x00\x00\x00\x00/s;
/** The edge's times are shorter. */
const LIMIT_S = "15";

export interface Spoke {
  /** The agent answered: the connection went all the way. */
  reached: boolean;
  /** The edge's alert, by its number (RFC 8446, 6). */
  alert?: number;
  /** The session was resumed. */
  resumed: boolean;
  text: string;
}

export const as = ({ chainFile, key }: Identity): string[] => [
  ...["-cert", chainFile, "-key", key, "-cert_chain", chainFile],
];

/** @param more e.g. who the client is, a version, ALPN when not h2 */
export async function speak(
  at: string,
  more: string[],
  stdin: Uint8Array<ArrayBuffer> = CONVERSATION,
): Promise<Spoke> {
  const alpn = more.includes("-alpn") || more.includes("-no-alpn") ? [] : ["-alpn", "h2"];
  const args = more.filter((one) => one !== "-no-alpn");
  const { out, err } = await run("timeout", [
    ...[LIMIT_S, "openssl", "s_client", "-connect", at, "-ign_eof", "-servername", "localhost"],
    ...[...alpn, ...args],
  ], { stdin });
  const text = out + err;
  const alert = /alert number (\d+)/.exec(text)?.[1];
  return {
    reached: SETTINGS.test(out),
    alert: alert === undefined ? undefined : Number(alert),
    resumed: /^Reused, /m.test(out),
    text,
  };
}

/** What openssl tells of a handshake after which it leaves. */
export async function shake(at: string, more: string[]): Promise<string> {
  const { out, err } = await run("timeout", [LIMIT_S, "openssl", "s_client", "-connect", at, ...more]);
  return out + err;
}

/** Shakes hands, then gives s_client its commands, a line each (s_client(1), CONNECTED COMMANDS), until it says `until`. */
export async function command(at: string, more: string[], commands: string, until: RegExp): Promise<string> {
  const child = new Deno.Command("timeout", {
    args: [LIMIT_S, "openssl", "s_client", "-connect", at, "-alpn", "h2", ...more],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let text = "";
  const follow = async (stream: ReadableStream<Uint8Array>) => {
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (until.test(text)) child.kill("SIGTERM");
    }
  };
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(commands));
  await Promise.all([follow(child.stdout), follow(child.stderr), child.status]);
  await writer.close().catch(() => {});
  return text;
}
