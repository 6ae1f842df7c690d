// The real signer's program for one test, and the agent's client to it.
// Must never pass without the program.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { startSignerProcess } from "../../src/signer/process.ts";
import { RemoteSigner } from "../../src/signer/remote_signer.ts";
import type { Signer } from "../../src/signer/signer.ts";
import { parseAddress } from "../../src/transport/address.ts";
import { dialer } from "../../src/transport/dial.ts";

/** As shipped. */
const binary = new URL("../../dataplane/target/release/gatehouse-signer", import.meta.url).pathname;

export interface RealSigner {
  readonly signer: Signer;
  stop(): Promise<void>;
}

/**
 * @param dir the test's own
 * @param fresh whether its sealing key is made; else it lies there already
 */
export async function startRealSigner(dir: string, fresh = true): Promise<RealSigner> {
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run \`gatehouse test --only authority\``);
  const sealingKeyFile = join(dir, "sealing-key");
  if (fresh) {
    await Deno.writeFile(sealingKeyFile, crypto.getRandomValues(new Uint8Array(32)), { mode: 0o600 });
  }
  const socket = join(dir, "signer.sock");
  const stateDir = join(dir, "signer");
  const process = await startSignerProcess({ binary, socket, stateDir, sealingKeyFile, onLog() {} });
  const address = `unix://${socket}`;
  const signer = new RemoteSigner({ address, dial: dialer(parseAddress(address)) });
  return {
    signer,
    async stop() {
      await signer.close();
      await process.stop();
    },
  };
}
