// A signer in memory, behind a real agent: enough of keys, backups and sealing that what the command line sends and
// shows can be told. Must never stand in for the real one where that one's own behaviour is tested.
import { Buffer } from "node:buffer";
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { status } from "@grpc/grpc-js";
import { Decrypter } from "age-encryption";
import Long from "long";
import {
  type BackupChunk,
  type ChangeKeyRequest,
  type CreateKeyRequest,
  EcdsaEncoding,
  type ImportKeyRequest,
  type Key,
  KeyKind,
  type KeyPolicy,
  KeyState,
  type RestoreRequest,
  type ScheduleDeletionRequest,
  type SetLabelsRequest,
  type SetPolicyRequest,
  type SignerListKeysRequest,
  type SignerVerifyRequest,
} from "../../src/proto/mod.ts";
import { makeIdentity, sealTo } from "../../src/recovery/age.ts";
import { SIGNER } from "../../src/signer/methods.ts";
import type { Signer, SignJob } from "../../src/signer/signer.ts";
import { type Signed, SignerError } from "../../src/signer/signer.ts";
import { signerThat } from "../../src/signer/testkit.ts";

export interface MemorySigner extends Signer {
  /** What a test looks at. */
  readonly seen: { identity?: string; sealingKey?: Uint8Array; streamedBytes: number; recipient: string };
}

interface Kept {
  key: Key;
  /** By version, from 1. */
  privateKeys: KeyObject[];
}

/** @param recipient of backups */
export async function memorySigner(recipient: string): Promise<MemorySigner> {
  const transport = await makeIdentity();
  const keys = new Map<string, Kept>();
  const seen: MemorySigner["seen"] = { streamedBytes: 0, recipient };
  let generation = 1;

  const open = async (sealed: Uint8Array): Promise<Uint8Array> => {
    const decrypter = new Decrypter();
    decrypter.addIdentity(transport.identity);
    return await decrypter.decrypt(sealed);
  };
  const kept = (id: string): Kept => {
    const found = keys.get(id);
    if (found === undefined) throw new SignerError(status.NOT_FOUND, `no key ${id}`);
    return found;
  };
  const add = (
    request: CreateKeyRequest | ImportKeyRequest,
    kind: number,
    privateKey: KeyObject,
    imported: boolean,
  ) => {
    const now = Long.fromNumber(Date.now());
    const key: Key = {
      id: request.id,
      kind,
      state: KeyState.ENABLED,
      revision: Long.ONE,
      policy: request.policy ?? NO_POLICY,
      labels: request.labels,
      versions: [],
      created_at_ms: now,
      delete_at_ms: Long.ZERO,
      imported,
    };
    keys.set(key.id, { key, privateKeys: [] });
    return addVersion(keys.get(key.id)!, privateKey);
  };
  const change = (request: Change, how: Partial<Key>): Key => {
    const one = kept(request.id);
    const { revision } = one.key;
    if (!request.expected_revision.isZero() && !request.expected_revision.eq(revision)) {
      throw new SignerError(status.ABORTED, `${request.id} is at revision ${revision}`);
    }
    one.key = { ...one.key, ...how, revision: revision.add(1) };
    return one.key;
  };
  const signed = (job: Pick<SignJob, "key" | "encoding">, data: Uint8Array): Signed => {
    const { key, privateKeys } = kept(job.key);
    if (key.state !== KeyState.ENABLED) {
      throw new SignerError(status.FAILED_PRECONDITION, `${job.key} is disabled`);
    }
    const dsaEncoding = job.encoding === EcdsaEncoding.RAW ? "ieee-p1363" : "der";
    const signature = sign("sha256", data, { key: privateKeys.at(-1)!, dsaEncoding });
    return { signature: new Uint8Array(signature), version: privateKeys.length, queue_us: 2, sign_us: 3 };
  };

  const does: Record<string, (request: unknown) => unknown> = {
    [SIGNER.createKey.path]: on((request: CreateKeyRequest) => add(request, request.kind, newKey(), false)),
    [SIGNER.importKey.path]: on(async (request: ImportKeyRequest) => {
      const key = Buffer.from(request.pkcs8_der ?? await open(request.sealed_pkcs8!));
      return add(request, KeyKind.EC_P256, createPrivateKey({ key, format: "der", type: "pkcs8" }), true);
    }),
    [SIGNER.listKeys.path]: on(({ list }: SignerListKeysRequest) => ({
      keys: [...keys.values()].map(({ key }) => key).filter(({ labels }) =>
        Object.entries(list?.labels ?? {}).every(([name, value]) => labels[name] === value)
      ),
      next_page_token: "",
    })),
    [SIGNER.getKey.path]: on(({ id }: { id: string }) => kept(id).key),
    [SIGNER.rotateKey.path]: on((request: Change) => {
      change(request, {});
      return addVersion(kept(request.id), newKey());
    }),
    [SIGNER.enableKey.path]: on((request: Change) => change(request, { state: KeyState.ENABLED })),
    [SIGNER.disableKey.path]: on((request: Change) => change(request, { state: KeyState.DISABLED })),
    [SIGNER.scheduleKeyDeletion.path]: on((request: ScheduleDeletionRequest) =>
      change(request, {
        state: KeyState.PENDING_DELETION,
        delete_at_ms: Long.fromNumber(Date.now() + request.after_s * 1000),
      })
    ),
    [SIGNER.cancelKeyDeletion.path]: on((request: Change) =>
      change(request, { state: KeyState.DISABLED, delete_at_ms: Long.ZERO })
    ),
    [SIGNER.destroyKey.path]: on((request: Change) => change(request, { state: KeyState.DESTROYED })),
    [SIGNER.setKeyPolicy.path]: on((request: SetPolicyRequest) =>
      change(request, { policy: { ...NO_POLICY, ...request.policy } })
    ),
    [SIGNER.setKeyLabels.path]: on((request: SetLabelsRequest) =>
      change(request, { labels: request.labels })
    ),
    [SIGNER.verify.path]: on(({ verify: request }: SignerVerifyRequest) => {
      const { key, data, signature, encoding } = request!;
      const dsaEncoding = encoding === EcdsaEncoding.RAW ? "ieee-p1363" : "der";
      const at = kept(key).privateKeys.findIndex((one) =>
        verify("sha256", data ?? new Uint8Array(), { key: createPublicKey(one), dsaEncoding }, signature)
      );
      return { valid: at >= 0, version: at + 1 };
    }),
    [SIGNER.random.path]: on(({ bytes }: { bytes: number }) => ({
      data: crypto.getRandomValues(new Uint8Array(bytes)),
    })),
    [SIGNER.getRecipient.path]: () => ({ recipient, set_at_ms: Long.fromNumber(Date.now()) }),
    [SIGNER.getTransportKey.path]: () => ({ recipient: transport.recipient }),
    [SIGNER.changeSealingKey.path]: on(async ({ sealed_key }: { sealed_key: Uint8Array }) => {
      seen.sealingKey = await open(sealed_key);
      generation++;
      return { generation: Long.fromNumber(generation), rows_left: keys.size };
    }),
    [SIGNER.getSealingStatus.path]: () => ({ generation: Long.fromNumber(generation), rows_left: 0 }),
  };
  const answer = async (path: string, request: unknown) => {
    if (does[path] === undefined) {
      throw new SignerError(status.UNIMPLEMENTED, `${path} isn't in this test's signer`);
    }
    return await does[path](request);
  };

  return {
    ...signerThat({}),
    seen,
    sign: async (job) => await Promise.resolve(signed(job, job.data ?? new Uint8Array())),
    async signStream(job, parts) {
      const held: Uint8Array[] = [];
      for await (const part of parts) held.push(part);
      const data = Buffer.concat(held);
      seen.streamedBytes = data.length;
      return signed(job, data);
    },
    publicKey: async (id) => await Promise.resolve(kept(id).key.versions.at(-1)!.public_key_der),
    unary: async <Request, Response>(method: { path: string }, request: Request) =>
      await answer(method.path, request) as Response,
    async *serverStream<Request, Response>() {
      const file = await sealTo(recipient, new TextEncoder().encode([...keys.keys()].join("\n")));
      for (let at = 0; at < file.length; at += 100) {
        yield { data: file.subarray(at, at + 100), left_out: [] } as BackupChunk as Response;
      }
    },
    async clientStream<Request, Response>(_method: unknown, requests: AsyncIterable<Request>) {
      const parts: Uint8Array[] = [];
      let start: RestoreRequest["start"];
      for await (const one of requests as AsyncIterable<unknown> as AsyncIterable<RestoreRequest>) {
        if (one.start) start = one.start;
        else if (one.data) parts.push(one.data);
      }
      const file = Buffer.concat(parts);
      if (!createHash("sha256").update(file).digest().equals(Buffer.from(start!.sha256))) {
        throw new SignerError(status.INVALID_ARGUMENT, "the file is another one");
      }
      seen.identity = new TextDecoder().decode(await open(start!.sealed_identity));
      const decrypter = new Decrypter();
      decrypter.addIdentity(seen.identity);
      const text = await decrypter.decrypt(file, "text").catch(() => {
        throw new SignerError(status.PERMISSION_DENIED, "the identity doesn't open it");
      });
      const restored = text.split("\n").filter((id) => !keys.has(id));
      const skipped = [...keys.keys()];
      const [restored_count, skipped_count] = [restored, skipped].map(({ length }) =>
        Long.fromNumber(length)
      );
      return { restored, skipped, restored_count, skipped_count } as Response;
    },
  };

  function addVersion(one: Kept, privateKey: KeyObject): Key {
    one.privateKeys.push(privateKey);
    const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
    one.key = {
      ...one.key,
      versions: [...one.key.versions, {
        version: one.privateKeys.length,
        public_key_der: new Uint8Array(spki),
        created_at_ms: Long.fromNumber(Date.now()),
      }],
    };
    return one.key;
  }
}

/** Methods of many types behind one door. */
const on = <Request>(handle: (request: Request) => unknown) => (request: unknown): unknown =>
  handle(request as Request);

type Change = Pick<ChangeKeyRequest, "id" | "expected_revision">;

const newKey = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

const NO_POLICY: KeyPolicy = {
  algorithms: [],
  identities: [],
  transports: [],
  not_before_ms: Long.ZERO,
  not_after_ms: Long.ZERO,
  signatures_per_second: 0,
};
