// What a proof's signature is made over (proto/gatehouse/v1/access.proto), for the agent, our clients and the page.
// Must never be changed without another version word, nor import what a browser hasn't got.

const VERSION = "gatehouse-proof-v1";

export interface SignedParts {
  readonly instanceId: string;
  /** "/gatehouse.v1.Config/Apply"; of an HTTP request its method and target: "POST /v1/keys?x=y" */
  readonly path: string;
  readonly nonce: Uint8Array;
  /** SHA-256 of the request message; of an HTTP request that of its body. */
  readonly digest: Uint8Array;
}

/** What is signed. Neither an instance id nor a path holds a zero byte, and the rest has a fixed length. */
export function signedBytes({ instanceId, path, nonce, digest }: SignedParts): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(`${VERSION}\0${instanceId}\0${path}\0`);
  const bytes = new Uint8Array(head.length + nonce.length + digest.length);
  bytes.set(head);
  bytes.set(nonce, head.length);
  bytes.set(digest, head.length + nonce.length);
  return bytes;
}
