// The command line's side of the API: an address list, one channel, typed calls.
import { service as health } from "grpc-health-check";
import { Channel } from "../grpc/channel.ts";
import { type ClientMethod, unary } from "../grpc/client.ts";
import {
  type CryptoPublicKeyRequestInit,
  type CryptoPublicKeyResponse,
  type CryptoSignRequestInit,
  type CryptoSignResponse,
  type EchoRequestInit,
  type EchoResponse,
  serviceDefinition,
} from "../proto/mod.ts";
import { formatAddress, parseAddressList } from "../transport/address.ts";
import { dialer } from "../transport/dial.ts";
import type { TlsClientOptions } from "../transport/tls_material.ts";

const echo = serviceDefinition("echo.EchoService");
const crypto = serviceDefinition("crypto.CryptoService");

/** Long enough for a call through a VM under software emulation. */
export const DEFAULT_TIMEOUT_MS = 30_000;

export interface CallOptions {
  timeoutMs: number;
  signal?: AbortSignal;
  /** For tls:// addresses. */
  tls?: TlsClientOptions;
}

/** Typed calls to one server, reachable under one or more addresses. */
export class Client {
  readonly #channel: Channel;
  readonly #options: CallOptions;
  #peer = "";

  /** @param addresses separated by commas, tried in order */
  constructor(addresses: string, options: CallOptions) {
    this.#options = options;
    this.#channel = new Channel(
      parseAddressList(addresses).map((parsed) => {
        const address = formatAddress(parsed);
        const dial = dialer(parsed, { tls: options.tls });
        return {
          address,
          dial: async (signal?: AbortSignal) => {
            const conn = await dial(signal);
            this.#peer = address;
            return conn;
          },
        };
      }),
    );
  }

  echo(payload: string): Promise<EchoResponse> {
    return this.#call<EchoRequestInit, EchoResponse>(echo, "Echo", { payload, timestamp: Date.now() });
  }

  sign(request: CryptoSignRequestInit): Promise<CryptoSignResponse> {
    return this.#call<CryptoSignRequestInit, CryptoSignResponse>(crypto, "Sign", {
      ...request,
      timestamp: Date.now(),
    });
  }

  publicKey(request: CryptoPublicKeyRequestInit): Promise<CryptoPublicKeyResponse> {
    return this.#call<CryptoPublicKeyRequestInit, CryptoPublicKeyResponse>(crypto, "GetPublicKey", {
      ...request,
      timestamp: Date.now(),
    });
  }

  /** grpc.health.v1: SERVING, NOT_SERVING or UNKNOWN. */
  async health(service = ""): Promise<string> {
    const reply = await this.#call<{ service: string }, { status: string }>(health, "Check", { service });
    return reply.status;
  }

  /** The address that was connected to last; empty before the first call. */
  peer(): string {
    return this.#peer;
  }

  close(): void {
    this.#channel.close();
  }

  #call<Request, Response>(
    service: Record<string, unknown>,
    method: string,
    request: Request,
  ): Promise<Response> {
    // proto-loader's definitions know their messages as `object`; the types are ours.
    const definition = service[method] as ClientMethod<Request, Response>;
    return unary(this.#channel, definition, request, {
      deadlineMs: this.#options.timeoutMs,
      signal: this.#options.signal,
    });
  }
}

/** Runs `use` with a client and closes it whatever happens. */
export async function withClient<T>(
  addresses: string,
  options: CallOptions,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client(addresses, options);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}
