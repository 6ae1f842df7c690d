// crypto.CryptoService: checks a request, has the signer answer it. It holds no
// key and hashes nothing; every refusal names the field and what is allowed.
import type { handleUnaryCall } from "@grpc/grpc-js";
import {
  CryptoKeyType,
  type CryptoPublicKeyRequest,
  type CryptoPublicKeyResponseInit,
  type CryptoSignRequest,
  type CryptoSignResponseInit,
} from "../proto/mod.ts";
import type { Denial } from "../authority/denials.ts";
import { keyRefusal } from "../authority/key_access.ts";
import { signerCallerOf } from "../authority/signer_caller.ts";
import { traceOf } from "../grpc/call_trace.ts";
import type { Signer } from "../signer/signer.ts";
import {
  type AlgorithmRow,
  algorithmRow,
  allowedAlgorithms,
  DEFAULT_KEY,
  keyTypeName,
} from "./algorithms.ts";
import { invalidArgument, type Refusal } from "./refusal.ts";
import { rawSignature } from "./seed_compat.ts";
import { publicBits } from "./spki.ts";
import { signerStatus } from "./signer_status.ts";
import { timeLeftMs } from "./time_left.ts";

/** What fits a message of gRPC's default limit (4 MiB) with 64 KiB to spare for the other fields. */
export const MAX_SIGN_DATA_BYTES = 4 * 1024 * 1024 - 64 * 1024;

export interface CryptoOptions {
  signer: Signer;
  /** Milliseconds since the Unix epoch. */
  now: () => number;
  /** Answers with the seed's bytes where ours differ on purpose: docs/compatibility.md. */
  compat: "none" | "seed";
  /** Hears whom a key was refused. */
  denied?: (denial: Denial) => void;
}

export function cryptoService({ signer, now, compat, denied = () => {} }: CryptoOptions) {
  const seed = compat === "seed";

  const Sign: handleUnaryCall<CryptoSignRequest, CryptoSignResponseInit> = (call, callback) => {
    const { data, key_type, algorithm, timestamp } = call.request;
    const row = checkAlgorithm(key_type, algorithm);
    if (!("key" in row)) return callback(row);
    const refusal = keyRefusal(call, row.key, denied);
    if (refusal) return callback(refusal);
    if (data.length > MAX_SIGN_DATA_BYTES) {
      return callback(invalidArgument({
        field: "data",
        description: `${data.length} bytes; at most ${MAX_SIGN_DATA_BYTES} are signed in one call`,
      }));
    }
    signer.sign({
      key: row.key,
      algorithm: seed ? row.seedSignerAlgorithm : row.signerAlgorithm,
      data,
      caller: signerCallerOf(call),
      timeLeftMs: timeLeftMs(call, now()),
      trace: traceOf(call),
    }).then(
      ({ signature }) =>
        callback(null, {
          signature: seed && row.scalarBytes > 0 ? rawSignature(signature, row.scalarBytes) : signature,
          key_type,
          algorithm,
          request_timestamp: timestamp,
          response_timestamp: now(),
        }),
    ).catch((error: unknown) => callback(signerStatus(error)));
  };

  const GetPublicKey: handleUnaryCall<CryptoPublicKeyRequest, CryptoPublicKeyResponseInit> = (
    call,
    callback,
  ) => {
    const { key_type, timestamp } = call.request;
    const key = keyAskedFor(call.request);
    if (typeof key !== "string") return callback(key);
    const refusal = keyRefusal(call, key, denied);
    if (refusal) return callback(refusal);
    signer.publicKey(key).then(
      (spki) =>
        callback(null, {
          public_key_der: seed ? publicBits(spki) : spki,
          key_type,
          request_timestamp: timestamp,
          response_timestamp: now(),
        }),
    ).catch((error: unknown) => callback(signerStatus(error)));
  };

  return { Sign, GetPublicKey };
}

function keyAskedFor(request: CryptoPublicKeyRequest): string | Refusal {
  // proto3 `optional`: an absent field is left out of the decoded message, whatever its type says.
  const asked: Partial<CryptoPublicKeyRequest> = request;
  if (asked.algorithm !== undefined && asked.algorithm !== null) {
    const row = checkAlgorithm(request.key_type, asked.algorithm);
    return "key" in row ? row.key : row;
  }
  return DEFAULT_KEY[request.key_type] ?? unknownKeyType(request.key_type);
}

function checkAlgorithm(keyType: number, algorithm: number): AlgorithmRow | Refusal {
  const type = keyTypeName(keyType);
  if (!type) return unknownKeyType(keyType);
  const row = algorithmRow(algorithm);
  if (!row) {
    return invalidArgument({
      field: "algorithm",
      description: `unknown value ${algorithm}; allowed: ${allowedAlgorithms()}`,
    });
  }
  if (row.keyType !== keyType) {
    return invalidArgument({
      field: "algorithm",
      description: `${row.name} doesn't go with key_type ${type}; allowed: ${allowedAlgorithms(keyType)}`,
    });
  }
  return row;
}

function unknownKeyType(keyType: number): Refusal {
  const allowed = Object.entries(CryptoKeyType).map(([name, value]) => `${name} (${value})`).join(", ");
  return invalidArgument({ field: "key_type", description: `unknown value ${keyType}; allowed: ${allowed}` });
}
