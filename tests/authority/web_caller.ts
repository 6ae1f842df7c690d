// One call by gRPC-Web through a door of the gateway, with a proof where a key is given: bytes, and nothing of ours that
// speaks HTTP. Must never look at more than the first frame of an answer.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { ProvingKey } from "../../src/authority/prover.ts";
import { encodeProof, signedBytes } from "../../src/authority/proof.ts";
import { GrpcError } from "../../src/grpc/client.ts";
import type { Conn } from "../../src/grpc/conn.ts";
import { metadataFrom } from "../../src/grpc/metadata.ts";
import { type ChallengeResponse, messageType } from "../../src/proto/mod.ts";

const CHALLENGE = "/gatehouse.v1.Access/Challenge";
const Challenge = messageType<object, ChallengeResponse>("gatehouse.v1.ChallengeResponse");

/** @throws GrpcError the call's status, when it comes before a message */
export async function callByWeb(
  dial: () => Promise<Conn>,
  path: string,
  message: Uint8Array,
  key?: ProvingKey,
): Promise<Buffer> {
  const proof = key && await proofFor(dial, path, message, key);
  const content = Buffer.concat([prefix(message.length), message]);
  const head = [
    `POST ${path} HTTP/1.1`,
    "Host: localhost",
    "Content-Type: application/grpc-web+proto",
    `Content-Length: ${content.length}`,
    ...proof ? [`gatehouse-proof-bin: ${proof.toString("base64")}`] : [],
  ];
  const conn = await dial();
  try {
    const request = Buffer.concat([Buffer.from([...head, "", ""].join("\r\n"), "latin1"), content]);
    for (let at = 0; at < request.length;) at += await conn.write(request.subarray(at));
    return await firstMessage(conn);
  } finally {
    conn.close();
  }
}

async function proofFor(dial: () => Promise<Conn>, path: string, message: Uint8Array, key: ProvingKey) {
  const { nonce, instance_id: instanceId } = Challenge.deserialize(
    await callByWeb(dial, CHALLENGE, new Uint8Array()),
  );
  const digest = createHash("sha256").update(message).digest();
  const signature = key.sign(signedBytes({ instanceId, path, nonce, digest }));
  return encodeProof({ key_id: key.keyId, nonce, signature });
}

async function firstMessage(conn: Conn): Promise<Buffer> {
  let text = "";
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const frame = firstFrame(text);
    if (frame !== undefined) {
      if (frame.flags === 0) return frame.content;
      throw statusIn(frame.content.toString("latin1"));
    }
    const length = await conn.read(buffer);
    if (length === null) throw new Error(`no whole answer: ${text}`);
    text += Buffer.from(buffer.subarray(0, length)).toString("latin1");
  }
}

/** Undefined: it isn't whole yet. */
function firstFrame(text: string): { flags: number; content: Buffer } | undefined {
  const [head, body] = [text.slice(0, text.indexOf("\r\n\r\n")), text.slice(text.indexOf("\r\n\r\n") + 4)];
  if (!text.includes("\r\n\r\n")) return undefined;
  if (!/^HTTP\/1\.1 200 /.test(head)) throw new Error(`not answered as gRPC-Web: ${text}`);
  const bytes = Buffer.from(/transfer-encoding: chunked/i.test(head) ? dechunked(body) : body, "latin1");
  if (bytes.length < 5 || bytes.length < 5 + bytes.readUInt32BE(1)) return undefined;
  return { flags: bytes[0], content: bytes.subarray(5, 5 + bytes.readUInt32BE(1)) };
}

/** The whole chunks of what came so far. */
function dechunked(body: string): string {
  let whole = "";
  for (let at = 0;;) {
    const end = body.indexOf("\r\n", at);
    const length = parseInt(body.slice(at, end), 16);
    if (end < 0 || !(length > 0) || body.length < end + 2 + length) return whole;
    whole += body.slice(end + 2, end + 2 + length);
    at = end + 2 + length + 2;
  }
}

function statusIn(lines: string): GrpcError {
  const fields = lines.split("\r\n").filter((line) => line !== "").map((line) => line.split(": "));
  const code = Number(fields.find(([name]) => name === "grpc-status")?.[1]);
  const details = fields.find(([name]) => name === "grpc-message")?.[1] ?? "";
  return new GrpcError(code, details, metadataFrom(fields.flat()));
}

function prefix(length: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}
