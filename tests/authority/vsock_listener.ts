// VSOCK on a machine that has none: a Unix socket whose peers are the host's.
// Must import nothing that imports the module which it stands for.
import { vi } from "vitest";
import type { Listener, Peer } from "../../src/grpc/conn.ts";
import type { listen as realListen } from "../../src/transport/listen.ts";

/** What the host's end of a VSOCK connection looks like to the agent. */
const HOST: Peer = { transport: "vsock", address: "vsock://2:1024", cid: 2 };

const GRPC_PORT = 50_051;

/**
 * For `vi.mock("../../src/transport/listen.ts", …)`: not every machine has VSOCK, so that its listener is a Unix
 * socket at `path()` whose peers are the host's. All else is as it is.
 */
export async function listenWithVsock(path: () => string) {
  const real = await vi.importActual<{ listen: typeof realListen }>("../../src/transport/listen.ts");
  const listen: typeof realListen = async (address, options) => {
    if (address.transport !== "vsock") return await real.listen(address, options);
    // Each port has a socket of its own; that of gRPC has the plain name.
    const suffix = address.port === GRPC_PORT ? "" : `.${address.port}`;
    const listener = await real.listen({ transport: "unix", path: path() + suffix }, options);
    return asVsock(listener, `vsock://any:${address.port}`);
  };
  return { ...real, listen };
}

function asVsock(listener: Listener, address: string): Listener {
  return {
    address,
    close: () => listener.close(),
    async *[Symbol.asyncIterator]() {
      for await (const conn of listener) {
        yield {
          peer: HOST,
          read: (into: Uint8Array) => conn.read(into),
          write: (bytes: Uint8Array) => conn.write(bytes),
          close: () => conn.close(),
        };
      }
    },
  };
}
