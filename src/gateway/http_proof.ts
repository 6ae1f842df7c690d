// The proof that an HTTP request brings (proto/gatehouse/v1/access.proto): where it stands and what it was made over.
// Must never judge one: src/authority does, by the call that it comes with.
import { Buffer } from "node:buffer";
import { status } from "@grpc/grpc-js";
import { GrpcError } from "../grpc/status.ts";
import type { HttpProof } from "./calls.ts";

/** The request header that carries a proof, base64 of an encoded gatehouse.v1.Proof. */
export const PROOF_HEADER = "Gatehouse-Proof";

/** Standard or URL-safe base64, padded or not. */
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/** What is signed as the path of a request: its method and its target as sent, "POST /v1/keys?x=y". */
export function proofTarget(method: string, url: string): string {
  const { pathname, search } = new URL(url);
  return `${method} ${pathname}${search}`;
}

/**
 * The proof of `request`, whose whole body is `body`; undefined when it has none.
 * @throws GrpcError UNAUTHENTICATED when the header isn't base64
 */
export async function httpProof(request: Request, body: Uint8Array): Promise<HttpProof | undefined> {
  const text = request.headers.get(PROOF_HEADER);
  if (text === null) return undefined;
  if (!BASE64.test(text)) {
    throw new GrpcError(
      status.UNAUTHENTICATED,
      `${PROOF_HEADER} is not base64; send an encoded gatehouse.v1.Proof (docs/security.md says how it is made)`,
    );
  }
  const digest = await crypto.subtle.digest("SHA-256", Uint8Array.from(body));
  return {
    bytes: Buffer.from(text, "base64"),
    target: proofTarget(request.method, request.url),
    digest: new Uint8Array(digest),
  };
}
