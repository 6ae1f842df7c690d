// Programs from outside that call Echo and Sign over mutual TLS, each with the client
// certificate that it is given, or none. They judge nothing: what they saw is the test's.
import { Buffer } from "node:buffer";
import { run } from "./command.ts";
import {
  concat,
  FRAME,
  frame,
  framesIn,
  grpcRequest,
  message,
  PREFACE,
  responseFields,
} from "./raw_http2.ts";
import { grpcioPython, grpcurl, openssl, type Tool } from "./tools.ts";

/** PEM files; without `client` the caller shows no certificate. */
export interface CallerFiles {
  readonly ca: string;
  readonly client?: { readonly cert: string; readonly key: string };
}

/** Undefined: it was not let in. */
export type Called = { readonly echo: string; readonly signature: Uint8Array } | undefined;

export interface TlsCaller {
  readonly name: string;
  readonly tool: () => Promise<Tool>;
  /** @param target host:port. The data signed is SIGNED, with the default key: RSA_PKCS1_SHA256 */
  call(path: string, target: string, files: CallerFiles): Promise<Called>;
}

export const SIGNED = "signed";
const END_STREAM = 1;
const END_HEADERS = 4;
const LIMIT_S = "20";

/** Field 1 of a protobuf message, which is all that either request needs. */
const fieldOne = (text: string): Uint8Array =>
  Uint8Array.of(0x0a, text.length, ...new TextEncoder().encode(text));

/** Field 1 of either answer. */
function firstField(bytes: Uint8Array): Uint8Array {
  let length = 0;
  let at = 1;
  for (let shift = 0;; shift += 7) {
    const byte = bytes[at++];
    length |= (byte & 127) << shift;
    if (byte < 128) return bytes.subarray(at, at + length);
  }
}

function request(stream: number, path: string, text: string): Uint8Array {
  return concat(
    frame(FRAME.HEADERS, END_HEADERS, stream, grpcRequest(path)),
    frame(FRAME.DATA, END_STREAM, stream, message(fieldOne(text))),
  );
}

/** `openssl s_client`, with the HTTP/2 of one Echo and one Sign written by hand. */
async function byOpenssl(path: string, target: string, { ca, client }: CallerFiles): Promise<Called> {
  const who = client === undefined ? [] : ["-cert", client.cert, "-key", client.key];
  const child = new Deno.Command("timeout", {
    args: [
      ...[LIMIT_S, path, "s_client", "-connect", target, "-CAfile", ca, "-verify_return_error"],
      ...["-alpn", "h2", "-quiet", ...who],
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(concat(
    ...[PREFACE, frame(FRAME.SETTINGS, 0, 0)],
    request(1, "/echo.EchoService/Echo", "by openssl"),
    request(3, "/crypto.CryptoService/Sign", SIGNED),
  )).catch(() => {});
  let heard: Uint8Array<ArrayBufferLike> = new Uint8Array();
  for await (const chunk of child.stdout) {
    heard = concat(heard, chunk);
    if ([1, 3].every((stream) => "grpc-status" in responseFields(heard, stream))) child.kill("SIGTERM");
  }
  await child.status;
  await writer.close().catch(() => {});
  const answer = (stream: number) => {
    if (responseFields(heard, stream)["grpc-status"] !== "0") return undefined;
    const data = [...framesIn(heard)].filter((one) => one.type === FRAME.DATA && one.stream === stream);
    // Behind gRPC's own five bytes.
    return firstField(concat(...data.map(({ payload }) => payload)).subarray(5));
  };
  const [echo, signature] = [answer(1), answer(3)];
  if (echo === undefined || signature === undefined) return undefined;
  return { echo: new TextDecoder().decode(echo), signature };
}

async function byGrpcurl(path: string, target: string, { ca, client }: CallerFiles): Promise<Called> {
  const who = client === undefined ? [] : ["-cert", client.cert, "-key", client.key];
  const call = async (method: string, body: object) => {
    const args = ["-cacert", ca, ...who, "-max-time", LIMIT_S, "-d", JSON.stringify(body), target, method];
    const { code, out } = await run(path, args);
    return code === 0 ? JSON.parse(out) as Record<string, string> : undefined;
  };
  const echo = await call("echo.EchoService/Echo", { payload: "by grpcurl" });
  const sign = await call("crypto.CryptoService/Sign", { data: Buffer.from(SIGNED).toString("base64") });
  if (echo === undefined || sign === undefined) return undefined;
  return { echo: echo.payload, signature: Buffer.from(sign.signature, "base64") };
}

async function byGrpcio(path: string, target: string, { ca, client }: CallerFiles): Promise<Called> {
  const who = client === undefined ? [] : [client.cert, client.key];
  const { out, err } = await run(path, ["tests/lib/tls_call.py", target, ca, ...who]);
  if (out === "") throw new Error(err);
  const seen = JSON.parse(out) as { echo: string; signature: string } | { refused: string };
  return "refused" in seen
    ? undefined
    : { echo: seen.echo, signature: Buffer.from(seen.signature, "base64") };
}

export const TLS_CALLERS: readonly TlsCaller[] = [
  { name: "openssl", tool: openssl, call: byOpenssl },
  { name: "grpcurl", tool: grpcurl, call: byGrpcurl },
  { name: "grpcio", tool: grpcioPython, call: byGrpcio },
];
