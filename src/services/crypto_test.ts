import { Metadata, type ServerUnaryCall, status } from "@grpc/grpc-js";
import Long from "long";
import { expect, test } from "vitest";
import {
  Algorithm,
  CryptoKeyType,
  type CryptoPublicKeyRequest,
  CryptoSigningAlgorithm,
  type CryptoSignRequest,
  Role,
  serviceDefinition,
} from "../proto/mod.ts";
import { type Signer, SignerError } from "../signer/signer.ts";
import { signed, signerThat } from "../signer/testkit.ts";
import { setCaller } from "../authority/caller.ts";
import { ALL_KEYS, type Identity } from "../authority/identity.ts";
import { cryptoService, MAX_SIGN_DATA_BYTES } from "./crypto.ts";
import { type Refusal, violationsIn } from "./refusal.ts";

const definition = serviceDefinition("crypto.CryptoService");

/** Answers with what it was asked, so that a test sees which key and algorithm the service chose. */
function askedSigner(
  sign: Signer["sign"] = ({ key, algorithm }) => Promise.resolve(signed(`${key}/${algorithm}`)),
): Signer {
  return signerThat({ sign, publicKey: (key) => Promise.resolve(new TextEncoder().encode(key)) });
}

const everything: Identity = { name: "unix", role: Role.USER, transport: "unix", keys: [ALL_KEYS] };

type Outcome<T> = { error: Partial<Refusal> | null; value?: T };

function call<T>(
  method: "Sign" | "GetPublicKey",
  request: object,
  signer = askedSigner(),
  compat: "none" | "seed" = "none",
  caller: Identity | undefined = everything,
) {
  const { requestSerialize, requestDeserialize } = definition[method];
  const service = cryptoService({ signer, now: () => 77, compat });
  return new Promise<Outcome<T>>((resolve) => {
    const unary = {
      request: requestDeserialize(requestSerialize(request)),
      metadata: new Metadata(),
      getPath: () => `/crypto.CryptoService/${method}`,
      getDeadline: () => Infinity,
    };
    if (caller) setCaller(unary, caller);
    service[method](
      unary as unknown as ServerUnaryCall<CryptoSignRequest & CryptoPublicKeyRequest, never>,
      (error: Partial<Refusal> | null, value?: unknown) => resolve({ error, value: value as T }),
    );
  });
}

const text = (bytes: Uint8Array | null | undefined) => new TextDecoder().decode(bytes ?? new Uint8Array());

test("each algorithm reaches the key that signs with it", async () => {
  const cases: [number, number, string][] = [
    [CryptoKeyType.RSA, CryptoSigningAlgorithm.RSA_PKCS1_SHA256, `default-rsa/${Algorithm.RSA_PKCS1_SHA256}`],
    [CryptoKeyType.RSA, CryptoSigningAlgorithm.RSA_PSS_SHA256, `default-rsa/${Algorithm.RSA_PSS_SHA256}`],
    [
      CryptoKeyType.ECC,
      CryptoSigningAlgorithm.ECDSA_P256_SHA256,
      `default-p256/${Algorithm.ECDSA_P256_SHA256}`,
    ],
    [
      CryptoKeyType.ECC,
      CryptoSigningAlgorithm.ECDSA_P384_SHA256,
      `default-p384/${Algorithm.ECDSA_P384_SHA256}`,
    ],
    [
      CryptoKeyType.ECC,
      CryptoSigningAlgorithm.ECDSA_P384_SHA384,
      `default-p384/${Algorithm.ECDSA_P384_SHA384}`,
    ],
  ];
  for (const [key_type, algorithm, expected] of cases) {
    const { error, value } = await call<{ signature: Uint8Array }>("Sign", { key_type, algorithm });
    expect(error).toBeNull();
    expect(text(value?.signature)).toBe(expected);
  }
});

test("timestamps come back as they came, and the server's beside them", async () => {
  const timestamp = Long.fromString("1790000000123456789");
  const { value } = await call<{ request_timestamp: Long; response_timestamp: number }>("Sign", {
    timestamp,
  });
  expect(value?.request_timestamp.toString()).toBe("1790000000123456789");
  expect(value?.response_timestamp).toBe(77);
});

test("empty data is signed", async () => {
  const { error } = await call("Sign", { data: new Uint8Array() });
  expect(error).toBeNull();
});

test.each([
  [
    "an RSA algorithm with an ECC key",
    { key_type: CryptoKeyType.ECC, algorithm: 0 },
    "algorithm",
    /ECDSA_P256_SHA256 \(2\)/,
  ],
  [
    "an ECC algorithm with an RSA key",
    { key_type: CryptoKeyType.RSA, algorithm: 2 },
    "algorithm",
    /RSA_PKCS1_SHA256 \(0\)/,
  ],
  [
    "an unknown algorithm",
    { algorithm: 99 },
    "algorithm",
    /unknown value 99; allowed: .*ECDSA_P384_SHA384 \(16\)/,
  ],
  ["an unknown key type", { key_type: 7 }, "key_type", /unknown value 7; allowed: RSA \(0\), ECC \(1\)/],
  [
    "too much data",
    { data: new Uint8Array(MAX_SIGN_DATA_BYTES + 1) },
    "data",
    new RegExp(`at most ${MAX_SIGN_DATA_BYTES}`),
  ],
])(
  "%s is INVALID_ARGUMENT and names the field and what is allowed",
  async (_name, request, field, allowed) => {
    const { error } = await call("Sign", request);
    expect(error?.code).toBe(status.INVALID_ARGUMENT);
    const [violation] = violationsIn(error?.metadata ?? new Metadata());
    expect(violation.field).toBe(field);
    expect(violation.description).toMatch(allowed);
    expect(error?.details).toContain(field);
  },
);

test("the P-384 key can be asked for by its algorithm, ECC alone gives P-256", async () => {
  const key = async (request: object) =>
    text((await call<{ public_key_der: Uint8Array }>("GetPublicKey", request)).value?.public_key_der);
  expect(await key({ key_type: CryptoKeyType.ECC })).toBe("default-p256");
  expect(await key({ key_type: CryptoKeyType.RSA })).toBe("default-rsa");
  expect(await key({ key_type: CryptoKeyType.ECC, algorithm: CryptoSigningAlgorithm.ECDSA_P384_SHA256 }))
    .toBe(
      "default-p384",
    );
  const { error } = await call("GetPublicKey", {
    key_type: CryptoKeyType.ECC,
    algorithm: CryptoSigningAlgorithm.RSA_PKCS1_SHA256,
  });
  expect(error?.code).toBe(status.INVALID_ARGUMENT);
});

test("the signer's own status reaches the caller, anything else is INTERNAL without its text", async () => {
  const gone = await call(
    "Sign",
    {},
    askedSigner(() => Promise.reject(new SignerError(status.UNAVAILABLE, "the signer restarts"))),
  );
  expect(gone.error).toMatchObject({ code: status.UNAVAILABLE, details: "the signer restarts" });
  const broken = await call("Sign", {}, askedSigner(() => Promise.reject(new Error("secret"))));
  expect(broken.error?.code).toBe(status.INTERNAL);
  expect(broken.error?.details).not.toContain("secret");
});

test('compat = "seed" signs SHA-384 where the seed said SHA256', async () => {
  const asked: string[] = [];
  const der = Uint8Array.of(0x30, 6, 2, 1, 5, 2, 1, 9);
  const signer = askedSigner(({ key, algorithm }) => {
    asked.push(`${key}/${algorithm}`);
    return Promise.resolve({ ...signed(""), signature: der });
  });
  const { value } = await call<{ signature: Uint8Array }>(
    "Sign",
    { key_type: CryptoKeyType.ECC, algorithm: CryptoSigningAlgorithm.ECDSA_P384_SHA256 },
    signer,
    "seed",
  );
  expect(asked).toEqual([`default-p384/${Algorithm.ECDSA_P384_SHA384}`]);
  expect(value?.signature.length).toBe(96);
  expect([value?.signature[47], value?.signature[95]]).toEqual([5, 9]);
});

test("a key that the caller may not use is refused before the signer hears of the call, whichever it is", async () => {
  let asked = 0;
  const signer = askedSigner(() => {
    asked++;
    return Promise.reject(new SignerError(status.NOT_FOUND, "no such key"));
  });
  signer.publicKey = () => {
    asked++;
    return Promise.resolve(new Uint8Array());
  };
  const rsaOnly = { ...everything, keys: ["default-rsa"] };
  const p256 = { key_type: CryptoKeyType.ECC, algorithm: CryptoSigningAlgorithm.ECDSA_P256_SHA256 };
  const p384 = { key_type: CryptoKeyType.ECC, algorithm: CryptoSigningAlgorithm.ECDSA_P384_SHA384 };
  const refusals = [
    await call("Sign", p256, signer, "none", rsaOnly),
    await call("Sign", p384, signer, "none", rsaOnly),
    await call("GetPublicKey", p256, signer, "none", rsaOnly),
    await call("GetPublicKey", p384, signer, "none", { ...rsaOnly, keys: [] }),
  ];
  expect(asked).toBe(0);
  expect(refusals[0].error?.code).toBe(status.PERMISSION_DENIED);
  for (const { error } of refusals) {
    expect(error?.metadata?.toJSON()).toEqual(refusals[0].error?.metadata?.toJSON());
    expect(error?.details).toBe(refusals[0].error?.details);
  }
  await call("Sign", { key_type: CryptoKeyType.RSA }, signer, "none", rsaOnly);
  expect(asked).toBe(1);
});

test("a call without a caller gets no key", async () => {
  const service = cryptoService({ signer: askedSigner(), now: () => 0, compat: "none" });
  const { requestSerialize, requestDeserialize } = definition.Sign;
  const bare = { request: requestDeserialize(requestSerialize({})), getPath: () => "" };
  const error = await new Promise<Partial<Refusal> | null>((resolve) =>
    void service.Sign(bare as unknown as ServerUnaryCall<CryptoSignRequest, never>, resolve)
  );
  expect(error?.code).toBe(status.PERMISSION_DENIED);
});
