// What a person types to sign, with the real signer behind a real agent: every kind of key, judged by openssl.
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { gatehouse, run, tryGatehouse } from "../lib/command.ts";
import { type Open, openAgent } from "./agent.ts";
import { type RealSigner, startRealSigner } from "./real_signer.ts";

const place = vi.hoisted(() => ({ dir: "" }));
vi.mock("../../src/transport/listen.ts", async () => {
  const { listenWithVsock } = await import("./vsock_listener.ts");
  return await listenWithVsock(() => `${place.dir}/vsock.sock`);
});

let open: Open;
let real: RealSigner;
let env: Record<string, string>;
const inDir = (name: string) => join(place.dir, name);
const typed = (...args: string[]) => gatehouse(args, { env });

beforeAll(async () => {
  place.dir = await Deno.makeTempDir({ prefix: "gatehouse-signing-cli-" });
  real = await startRealSigner(place.dir);
  open = await openAgent(place.dir, { signer: real.signer });
  const pem = String(open.owner.privateKey.export({ type: "pkcs8", format: "pem" }));
  await Deno.writeTextFile(inDir("owner.key"), pem, { mode: 0o600 });
  await Deno.writeTextFile(inDir("data"), "signed");
  await Deno.writeTextFile(inDir("other"), "signet");
  env = { GATEHOUSE_SERVER: `unix://${inDir("agent.sock")}`, GATEHOUSE_ADMIN_KEY: inDir("owner.key") };
}, 60_000);
afterAll(async () => {
  await open.close();
  await real.stop();
  await Deno.remove(place.dir, { recursive: true });
});

const PSS = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"];
const CASES = [
  ["rsa-2048", "RSA_PSS_SHA512", ["-sha512", ...PSS]],
  ["p384", "ECDSA_P384_SHA384", ["-sha384"]],
  ["p521", "ECDSA_P521_SHA512", ["-sha512"]],
] as const;

test.each(CASES)(
  "a key of kind %s signs %s; openssl, the server and --offline agree on it",
  async (kind, name, openssl) => {
    const [id, pem, signature] = [`cli-${kind}`, inDir(`${kind}.pem`), inDir(`${kind}.sig`)];
    await typed("keys", "create", id, "--kind", kind);
    await Deno.writeTextFile(pem, await typed("keys", "public-key", id));
    await typed("sign", inDir("data"), "--key", id, "--algorithm", name, "--out", "raw", "-o", signature);
    const { out } = await run("openssl", [
      "dgst",
      ...openssl,
      "-verify",
      pem,
      "-signature",
      signature,
      inDir("data"),
    ]);
    expect(out).toBe("Verified OK\n");
    const check = ["--signature", signature, "--algorithm", name];
    const verdicts = await Promise.all([
      typed("verify", inDir("data"), ...check, "--key", id),
      typed("verify", inDir("data"), ...check, "--offline", pem),
      tryGatehouse(["verify", inDir("other"), ...check, "--key", id], { env }),
    ]);
    expect(verdicts).toMatchObject(
      [/^Verified/, /^Verified/, { code: 1 }].map((one) =>
        one instanceof RegExp ? expect.stringMatching(one) : one
      ),
    );
  },
  60_000,
);

test("Ed25519 signs, and its public key is one that ssh-keygen reads", async () => {
  const signature = inDir("ed.sig");
  await typed("keys", "create", "cli-ed", "--kind", "ed25519");
  await typed("sign", inDir("data"), "--key", "cli-ed", "-o", signature);
  const check = ["--signature", signature, "--key", "cli-ed"];
  expect(await typed("verify", inDir("data"), ...check)).toMatch(/EDDSA_ED25519/);
  await typed("keys", "public-key", "cli-ed", "--out", "openssh", "-o", inDir("ed.pub"));
  expect((await run("ssh-keygen", ["-l", "-f", inDir("ed.pub")])).out).toMatch(/ED25519/);
}, 60_000);

test("a refusal by the key's policy and by its state says what to do next", async () => {
  await typed("keys", "create", "cli-ruled", "--kind", "p256", "--allow-transport", "vsock");
  const refused = await tryGatehouse(["sign", inDir("data"), "--key", "cli-ruled"], { env });
  expect([refused.code, refused.err]).toEqual([
    1,
    expect.stringMatching(/PERMISSION_DENIED.*transport[^]*\nNext: .*keys policy/),
  ]);
  await typed("keys", "policy", "cli-ruled", "--allow-transport", "any");
  await typed("sign", inDir("data"), "--key", "cli-ruled");
  await typed("keys", "disable", "cli-ruled");
  const disabled = await tryGatehouse(["sign", inDir("data"), "--key", "cli-ruled"], { env });
  expect([disabled.code, disabled.err]).toEqual([
    1,
    expect.stringMatching(/FAILED_PRECONDITION[^]*\nNext: .*keys enable/),
  ]);
}, 60_000);
