// What is lost is said, and never replaced in silence: a sealing key, a key store.
import { join } from "node:path";
import { expect, test } from "vitest";
import { gatehouse, run, tryGatehouse } from "../lib/command.ts";
import { startServe } from "../lib/serve.ts";

const pubkey = (server: string) => gatehouse(["pubkey", "--server", server]);

test(
  "a sealing key that is gone is asked for, and no new one is made beside the store it sealed",
  async () => {
    const dir = await Deno.makeTempDir({ prefix: "gatehouse-loss-" });
    const state = join(dir, "state");
    await Deno.mkdir(state);
    await Deno.writeTextFile(join(state, "signer.db"), "a store");
    const ran = await tryGatehouse(["serve", "--listen", `unix://${dir}/agent.sock`, "--state", state]);
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(/state\.sealing-key is missing/);
    expect(ran.err).toMatch(/Next: restore the key/);
    expect([...Deno.readDirSync(dir)].map(({ name }) => name)).toEqual(["state"]);
    await Deno.remove(dir, { recursive: true });
  },
  60_000,
);

test(
  "a store that vanishes under a running signer makes no new keys: its copy serves, and without that it is asked for",
  async () => {
    const serving = await startServe();
    const before = await pubkey(serving.unix);
    const sign = () => tryGatehouse(["sign", "deno.json", "--server", serving.unix]);
    const signsAgain = () =>
      expect.poll(async () => (await sign()).code, { timeout: 20_000, interval: 500 }).toBe(0);
    const store = join(serving.dir, "state/signer.db");
    const copy = `${store}.copy`;
    const killSigner = () => run("pkill", ["-9", "-f", `gatehouse-signer --socket ${serving.dir}/`]);

    await Deno.remove(store);
    await killSigner();
    await signsAgain();
    expect(await pubkey(serving.unix)).toBe(before);
    expect((await Deno.stat(store)).isFile).toBe(true);

    for (const file of [store, copy]) await Deno.rename(file, `${file}.away`);
    await killSigner();
    const refused = await sign();
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/UNAVAILABLE/);
    await expect.poll(() => serving.log(), { timeout: 10_000 }).toMatch(/key store .* is gone/);
    for (const file of [store, copy]) await expect(Deno.stat(file)).rejects.toThrow(Deno.errors.NotFound);

    for (const file of [store, copy]) await Deno.rename(`${file}.away`, file);
    await signsAgain();
    expect(await pubkey(serving.unix)).toBe(before);
    await serving.stop();
  },
  90_000,
);
