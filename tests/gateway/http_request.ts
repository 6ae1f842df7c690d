// One request to a gateway by fetch over its socket, with the proof of an enrolled key where one is given.
// Must never sign anything but what docs/security.md says.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { ProvingKey } from "../../src/authority/prover.ts";
import { encodeProof, signedBytes } from "../../src/authority/proof.ts";

export interface Gate {
  /** Of a socket, each with connections of its own. */
  readonly client: Deno.HttpClient;
  /** What comes before the target. */
  readonly base: string;
}

export function gateAt(address: string): Gate {
  if (address.startsWith("tcp:")) {
    return { client: Deno.createHttpClient({}), base: address.replace("tcp:", "http:") };
  }
  const path = address.replace(/^unix:(\/\/)?/, "");
  return { client: Deno.createHttpClient({ proxy: { transport: "unix", path } }), base: "http://localhost" };
}

export interface Asked {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function ask({ client, base }: Gate, target: string, { method, body, headers }: Asked = {}) {
  const response = await fetch(base + target, {
    client,
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: { ...body !== undefined && { "content-type": "application/json" }, ...headers },
    body,
  });
  const text = await response.text();
  const json = response.headers.get("content-type") === "application/json";
  return { code: response.status, headers: response.headers, value: json ? JSON.parse(text) : text };
}

/** The header of a proof for a request with this line and body. @param over of that gate's caller */
export async function proofHeader(over: Gate, key: ProvingKey, line: string, body = ""): Promise<string> {
  const { value } = await ask(over, "/v1/access:challenge", { body: "{}" });
  const nonce = Buffer.from(value.nonce, "base64");
  const digest = createHash("sha256").update(body).digest();
  const signature = key.sign(signedBytes({ instanceId: value.instanceId, path: line, nonce, digest }));
  return Buffer.from(encodeProof({ key_id: key.keyId, nonce, signature })).toString("base64");
}

/** "200", or the code and the reason of google.rpc.ErrorInfo. */
export function toldOf({ code, value }: { code: number; value: unknown }): string {
  const reason = /"reason":"([A-Z_]+)"/.exec(JSON.stringify(value) ?? "")?.[1];
  return reason === undefined ? String(code) : `${code} ${reason}`;
}
