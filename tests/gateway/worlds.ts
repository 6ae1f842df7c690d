// An appliance for each way in, with a real signer, on which the same calls are made in the same order.
// Must never let one way see what another one did.
import type { JsonObject } from "@bufbuild/protobuf";
import { Prover } from "../../src/authority/prover.ts";
import { TABLE } from "../../src/authority/table.ts";
import { statusJson } from "../../src/gateway/rest/http_status.ts";
import { type Route, ROUTES } from "../../src/gateway/rest/routes.ts";
import type { ServedMethod } from "../../src/gateway/rest/schema.ts";
import { GrpcError, unary } from "../../src/grpc/client.ts";
import { type Open, openAgent } from "../authority/agent.ts";
import { type RealSigner, startRealSigner } from "../authority/real_signer.ts";
import { HttpCaller } from "./http_caller.ts";
import { decoded, encoded } from "./json_names.ts";
import { askBy } from "./rest_request.ts";

/** How a call ended, in the terms of REST. */
export interface Outcome {
  /** Of gRPC; 0: it went well. */
  readonly code: number;
  /** The code of HTTP, where it came by HTTP. */
  readonly http?: number;
  /** The answer, or google.rpc.Status. */
  readonly value: JsonObject;
}

export interface World {
  readonly name: string;
  /** As an administrator. Undefined: this way can't say it. @param request with the names of JSON */
  call(method: ServedMethod, request: JsonObject): Promise<Outcome | undefined>;
  close(): Promise<void>;
}

/** A connection has so many proofs a second. */
const PROOFS_PAUSE_MS = 1_100;

export async function grpcWorld(): Promise<World> {
  const { open, close } = await openWorld();
  const channel = open.channel("unix");
  const prover = new Prover(channel, open.owner.proving);
  const raw = (bytes: Uint8Array) => bytes;
  return {
    name: "gRPC",
    close,
    async call(method, request) {
      const definition = { path: method.path, requestSerialize: raw, responseDeserialize: raw };
      const bytes = encoded(method.request, request);
      try {
        const answer = TABLE.get(method.path)?.readsProof
          ? await prover.unary(definition, bytes)
          : await unary(channel, definition, bytes);
        return { code: 0, value: decoded(method.response, answer) };
      } catch (error) {
        if (!(error instanceof GrpcError)) throw error;
        return { code: error.code, value: statusJson(error) };
      }
    },
  };
}

/** @param automatic by the methods' own paths, else by the rules of the protos */
export async function restWorld(automatic: boolean): Promise<World> {
  const { open, close } = await openWorld();
  const caller = new HttpCaller(() => open.http("unix"));
  return {
    name: automatic ? "REST by the methods' own paths" : "REST by rules",
    async close() {
      caller.close();
      await close();
    },
    async call(method, request) {
      const route = ROUTES.all.find((one) => one.automatic === automatic && one.method === method) as Route;
      const ask = askBy(route, request);
      if (ask === undefined) return undefined;
      const proven = TABLE.get(method.path)?.readsProof ? await caller.proven(ask, open.owner.proving) : ask;
      const { code: http, value } = await caller.json(proven);
      const given = value as JsonObject;
      return { code: http === 200 ? 0 : Number(given.code), http, value: given };
    },
  };
}

async function openWorld(): Promise<{ open: Open; close(): Promise<void> }> {
  const dir = await Deno.makeTempDir({ prefix: "gatehouse-gateway-" });
  const real: RealSigner = await startRealSigner(dir);
  const open = await openAgent(dir, { signer: real.signer });
  return {
    open,
    async close() {
      await open.close();
      await real.stop();
      await Deno.remove(dir, { recursive: true });
    },
  };
}

/** The same call until it isn't refused for the number of proofs before it. */
export async function patiently(call: () => Promise<Outcome | undefined>): Promise<Outcome | undefined> {
  for (;;) {
    const outcome = await call();
    if (!JSON.stringify(outcome?.value ?? "").includes("TOO_MANY_PROOFS")) return outcome;
    await new Promise((resolve) => setTimeout(resolve, PROOFS_PAUSE_MS));
  }
}
