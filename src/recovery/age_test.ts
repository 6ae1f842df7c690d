import { Decrypter } from "age-encryption";
import { expect, test } from "vitest";
import { AgeError, checkRecipient, identityFile, makeIdentity, readIdentity, sealTo } from "./age.ts";

test("an identity's file gives it back, with its recipient", async () => {
  const made = await makeIdentity();
  const file = identityFile(made, new Date(0));
  expect(file).toContain(`# public key: ${made.recipient}\n`);
  expect(await readIdentity(file)).toEqual(made);
  expect(await readIdentity(file.replaceAll("\n", "\r\n"))).toEqual(made);
});

test("what is sealed opens with the identity, and not with another one", async () => {
  const [one, other] = [await makeIdentity(), await makeIdentity()];
  const sealed = await sealTo(one.recipient, new TextEncoder().encode("secret"));
  expect(new TextDecoder("latin1").decode(sealed)).not.toContain("secret");
  const open = (identity: string) => {
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    return decrypter.decrypt(sealed, "text");
  };
  expect(await open(one.identity)).toBe("secret");
  await expect(open(other.identity)).rejects.toThrow();
});

test("no identity, two, or one with a typing mistake are refused, and never quoted", async () => {
  const { identity } = await makeIdentity();
  const last = identity.at(-1) === "Q" ? "P" : "Q";
  for (
    const text of ["", "# nothing\n", `${identity}\n${identity}\n`, identity.slice(0, -1) + last, "age1xyz"]
  ) {
    const error = await readIdentity(text).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(AgeError);
    expect((error as Error).message).not.toContain(identity.slice(16, 40));
  }
});

test("recipients of another kind, or with a typing mistake, are refused", async () => {
  const { recipient } = await makeIdentity();
  expect(checkRecipient(` ${recipient}\n`)).toBe(recipient);
  const last = recipient.at(-1) === "q" ? "p" : "q";
  for (
    const text of [
      "",
      "age1pq1qqqq",
      recipient.slice(0, -1) + last,
      "ssh-ed25519 AAAA",
      `${recipient} ${recipient}`,
    ]
  ) {
    expect(() => checkRecipient(text)).toThrow(AgeError);
  }
});
