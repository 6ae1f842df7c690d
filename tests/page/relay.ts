// `gatehouse page` before a gateway, and what it brings of /metrics.
import { Buffer } from "node:buffer";
import { RestClient } from "../../src/gateway/observer/rest_client.ts";
import { readWebKey } from "../../src/gateway/observer/web_key.ts";
import { REPO_ROOT } from "../../src/cli/root.ts";

export interface Relay {
  readonly url: string;
  /** /metrics, proven with the key in that file. */
  metrics(keyFile: string): Promise<string>;
  stop(): Promise<void>;
}

/** @param gateway its address */
export async function startRelay(gateway: string): Promise<Relay> {
  const child = new Deno.Command(`${REPO_ROOT}/gatehouse`, {
    args: ["page", "--server", gateway, "--json"],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  let said = Buffer.alloc(0);
  while (!said.includes("}")) {
    const { value, done } = await reader.read();
    if (done) throw new Error("gatehouse page ended before it was ready");
    said = Buffer.concat([said, value]);
  }
  const { url } = JSON.parse(said.toString()) as { url: string };
  return {
    url,
    async metrics(keyFile) {
      const client = new RestClient((target, init) => fetch(new URL(target, url), init));
      client.useKey(await readWebKey(await Deno.readTextFile(keyFile)));
      return await client.text("/metrics");
    },
    async stop() {
      child.kill("SIGTERM");
      await child.status;
      await reader.cancel();
    },
  };
}
