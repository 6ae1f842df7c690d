// A proof for one HTTP request: what goes into the header Gatehouse-Proof.
// Must never be sent anywhere but to the origin that gave the challenge.
import { signedBytes } from "../../authority/signed_bytes.ts";
import type { WebKey } from "./web_key.ts";

export const PROOF_HEADER = "gatehouse-proof";

export interface ChallengeJson {
  /** base64 */
  readonly nonce: string;
  readonly instanceId: string;
}

export interface ProvenRequest {
  readonly method: "GET" | "POST";
  /** As it stands in the request's line: "/v1/keys?pageSize=50" */
  readonly target: string;
  readonly body: string;
}

/** The header's value: gatehouse.v1.Proof, base64. */
export async function proofFor(
  key: Pick<WebKey, "keyId" | "sign">,
  { nonce, instanceId }: ChallengeJson,
  { method, target, body }: ProvenRequest,
): Promise<string> {
  const nonceBytes = Uint8Array.from(atob(nonce), (char) => char.charCodeAt(0));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(body)));
  const path = `${method} ${target}`;
  const signature = await key.sign(signedBytes({ instanceId, path, nonce: nonceBytes, digest }));
  return btoa(String.fromCharCode(...encodedProof(key.keyId, nonceBytes, signature)));
}

/** The message's three fields, each of a length that takes one byte (protobuf's encoding, length-delimited). */
function encodedProof(...fields: Uint8Array[]): number[] {
  return fields.flatMap((field, index) => [(index + 1) << 3 | 2, field.length, ...field]);
}
