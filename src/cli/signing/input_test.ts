import { createHash } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Algorithm } from "../../proto/mod.ts";
import { MAX_SIGN_DATA_BYTES } from "../../services/crypto.ts";
import { digestIn, openInput, readDigest } from "./input.ts";

let dir: string;
beforeAll(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-input-" });
});
afterAll(() => Deno.remove(dir, { recursive: true }));

const text = (value: string) => new TextEncoder().encode(value);

test("what one call takes is held whole, one byte more comes in parts, none of it lost", async () => {
  const path = join(dir, "file");
  const bytes = new Uint8Array(MAX_SIGN_DATA_BYTES + 1).map((_, at) => at % 251);
  await Deno.writeFile(path, bytes.subarray(1));
  const whole = await openInput(path);
  expect(whole.kind === "data" && whole.data.length).toBe(MAX_SIGN_DATA_BYTES);

  await Deno.writeFile(path, bytes);
  const large = await openInput(path);
  if (large.kind !== "parts") throw new Error("it was held whole");
  expect(large.totalBytes).toBe(bytes.length);
  const hash = createHash("sha256");
  for await (const part of large.parts()) hash.update(part);
  expect(hash.digest("hex")).toBe(createHash("sha256").update(bytes).digest("hex"));
});

test("a file that isn't there, and a directory, are refused with the next step", async () => {
  for (const path of [join(dir, "none"), dir]) {
    await expect(openInput(path)).rejects.toMatchObject({ code: "bad-argument", next: expect.any(String) });
  }
});

const SHA256 = createHash("sha256").update("x").digest();

test("a digest is taken raw, in hex, and as sha256sum writes it", () => {
  for (
    const one of [
      SHA256,
      text(SHA256.toString("hex")),
      text(`${SHA256.toString("hex").toUpperCase()}  a file\n`),
    ]
  ) {
    expect([...digestIn(one, 32, "RSA_PSS_SHA256")]).toEqual([...SHA256]);
  }
});

test("one of another length is refused, also in hex where the hex has the wanted length", () => {
  expect(() => digestIn(SHA256, 48, "X")).toThrow(/32 bytes/);
  expect(() => digestIn(text(SHA256.toString("hex")), 64, "X")).toThrow(/32 bytes/);
  expect(() => digestIn(text(""), 32, "X")).toThrow(/0 bytes/);
});

test("Ed25519 takes none", async () => {
  await expect(readDigest(undefined, Algorithm.EDDSA_ED25519)).rejects.toThrow(/no digest/);
});
