import { Encrypter } from "age-encryption";
import { expect, test } from "vitest";
import { makeIdentity, sealTo } from "./age.ts";
import { ageFault } from "./age_file.ts";

const sealed = async (text = "") =>
  await sealTo((await makeIdentity()).recipient, new TextEncoder().encode(text));

test("an age file is one, empty or not", async () => {
  for (const file of [await sealed(), await sealed("x".repeat(100_000))]) {
    expect(ageFault(file, file.length)).toBeUndefined();
  }
});

test("no cut within the header, nor right behind it, goes through", async () => {
  const file = await sealed();
  for (let end = 0; end < file.length; end++) {
    expect(ageFault(file.subarray(0, end), end)).toEqual(expect.any(String));
  }
});

test("one under a passphrase is for no recipient", async () => {
  const encrypter = new Encrypter();
  encrypter.setPassphrase("x");
  encrypter.setScryptWorkFactor(2);
  const file = await encrypter.encrypt("text");
  expect(ageFault(file, file.length)).toMatch(/no X25519 recipient/);
});
