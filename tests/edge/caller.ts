// Echo by our own client over TLS; counts its connections, since a channel makes a new one without a word.
import { Channel } from "../../src/grpc/channel.ts";
import { unary } from "../../src/grpc/client.ts";
import { type EchoRequestInit, type EchoResponse, methodAt } from "../../src/proto/mod.ts";
import { parseAddress } from "../../src/transport/address.ts";
import { dialer } from "../../src/transport/dial.ts";
import type { TlsClientOptions } from "../../src/transport/tls_material.ts";

/** A good call that takes longer has failed. */
const CALL_MS = 2_000;

const Echo = methodAt<EchoRequestInit, EchoResponse>("/echo.EchoService/Echo");

export class Caller {
  readonly #channel: Channel;
  /** Connections that it tried to open. */
  dials = 0;

  /** @param at HOST:PORT */
  constructor(at: string, tls: TlsClientOptions) {
    const address = `tls://${at}`;
    const dial = dialer(parseAddress(address), { tls });
    this.#channel = new Channel([{
      address,
      dial: (signal) => {
        this.dials++;
        return dial(signal);
      },
    }]);
  }

  async echo(payload: string, deadlineMs = CALL_MS): Promise<string> {
    return (await unary(this.#channel, Echo, { payload, timestamp: 1 }, { deadlineMs })).payload;
  }

  close(): void {
    this.#channel.close();
  }
}
