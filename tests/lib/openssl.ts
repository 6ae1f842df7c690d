// Signs through Gatehouse and has plain `openssl dgst -verify` judge it.
import { join } from "node:path";
import { gatehouse, run, type RunOptions } from "./command.ts";

/** @returns what openssl says of the good signature, and of the same signature over other data */
export async function opensslVerdicts(
  server: string,
  algorithm: { name: string; openssl: string[] },
  dir: string,
  options: RunOptions = {},
): Promise<{ good: string; forged: string }> {
  const data = join(dir, "data");
  const other = join(dir, "other");
  const key = join(dir, "key.pem");
  const signature = join(dir, "signature");
  await Deno.writeTextFile(data, `signed with ${algorithm.name} through ${server}`);
  await Deno.writeTextFile(other, "something else");
  const common = ["--server", server, "--algorithm", algorithm.name];
  await gatehouse(["pubkey", ...common, "--out", "pem", "-o", key], options);
  await gatehouse(["sign", data, ...common, "--out", "raw", "-o", signature], options);
  const verdict = async (file: string) =>
    (await run("openssl", ["dgst", ...algorithm.openssl, "-verify", key, "-signature", signature, file])).out
      .trim();
  return { good: await verdict(data), forged: await verdict(other) };
}
