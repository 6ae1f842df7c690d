// What is sent and what must come back, for each service. Data changes with every call, so that nothing answers from a cache.
// Must cost next to nothing: a request is a template whose first bytes are overwritten in place.
import { Buffer } from "node:buffer";
import {
  CryptoKeyType,
  CryptoSigningAlgorithm,
  type CryptoSignRequestInit,
  type CryptoSignResponse,
  type EchoRequestInit,
  type EchoResponse,
  serviceDefinition,
} from "../proto/mod.ts";
import type { ServiceName } from "./options.ts";

/** What a serialized method of proto-loader looks like to us. */
interface Codec<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (value: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

// proto-loader's definitions know their messages as `object`; the types are ours.
const echo = serviceDefinition("echo.EchoService").Echo as unknown as Codec<EchoRequestInit, EchoResponse>;
const sign = serviceDefinition("crypto.CryptoService").Sign as unknown as Codec<
  CryptoSignRequestInit,
  CryptoSignResponse
>;

/** Hexadecimal digits of the call's number at the start of the payload, as many as fit. */
const NUMBER_DIGITS = 12;
const DIGITS = Buffer.from("0123456789abcdef", "latin1");

export interface Workload {
  readonly path: string;
  /** A request for one slot to keep: `stamp` changes it in place. */
  request(): Buffer;
  /** Writes the next number into the payload. No two calls of a run have the same, over all processes. */
  stamp(request: Buffer): void;
  /** What is wrong with the answer to `request`; undefined when nothing is. */
  check(request: Buffer, response: Buffer): string | undefined;
}

/**
 * @param index of this process, from 0
 * @param processes how many there are
 */
export function workloadFor(
  service: ServiceName,
  payloadBytes: number,
  index: number,
  processes: number,
): Workload {
  const timestamp = Date.now();
  const payload = Buffer.alloc(payloadBytes, "gatehouse bench ");
  const template = service === "echo"
    ? echo.requestSerialize({ payload: payload.toString("latin1"), timestamp })
    : sign.requestSerialize({ data: payload, ...SIGNATURES[service], timestamp });
  const from = payloadBytes === 0 ? 0 : fieldStart(template);
  const digits = Math.min(payloadBytes, NUMBER_DIGITS);
  let number = index;
  return {
    path: service === "echo" ? echo.path : sign.path,
    request: () => Buffer.from(template),
    stamp(request) {
      let rest = number;
      number += processes;
      for (let at = from + digits - 1; at >= from; at--) {
        request[at] = DIGITS[rest % 16];
        rest = Math.floor(rest / 16);
      }
    },
    check: service === "echo"
      ? (request, response) => checkEcho(request, response, from + payloadBytes)
      : (_request, response) => checkSignature(response),
  };
}

const SIGNATURES = {
  rsa_sign: { key_type: CryptoKeyType.RSA, algorithm: CryptoSigningAlgorithm.RSA_PKCS1_SHA256 },
  ecc_sign: { key_type: CryptoKeyType.ECC, algorithm: CryptoSigningAlgorithm.ECDSA_P256_SHA256 },
} as const;

/** Where the bytes of field 1 begin, which stands first: after its tag and its length (protobuf encoding, varints). */
function fieldStart(message: Buffer): number {
  let at = 1;
  while (message[at] >= 0x80) at++;
  return at + 1;
}

/** @param payloadEnd the request's first bytes up to here are field 1, which the response has as field 1 too */
function checkEcho(request: Buffer, response: Buffer, payloadEnd: number): string | undefined {
  if (
    payloadEnd > 0 && response.length >= payloadEnd &&
    request.compare(response, 0, payloadEnd, 0, payloadEnd) === 0
  ) return undefined;
  // Fields may come in another order: read it properly.
  const sent = request.toString("latin1", fieldStart(request), payloadEnd);
  const { payload } = echo.responseDeserialize(response);
  return payload === (payloadEnd === 0 ? "" : sent) ? undefined : "the payload came back changed";
}

function checkSignature(response: Buffer): string | undefined {
  return sign.responseDeserialize(response).signature.length > 0 ? undefined : "the signature is empty";
}
