// What serve's options name is looked at before anything is made.
import { expect, test } from "vitest";
import { checkCredentialFlags } from "./serve_credentials.ts";

const HERE = import.meta.filename ?? "";

test.each([
  [{ credentials: "/nowhere" }, /--credentials \/nowhere: there is no such directory/],
  [{ credentials: HERE }, /there is no such directory/],
  [{ tlsCert: HERE }, /--tls-cert alone/],
  [{ tlsCert: HERE, tlsKey: HERE }, /without --client-ca/],
  [{ tlsCert: HERE, tlsKey: "/nowhere", clientCa: HERE }, /can't read \/nowhere/],
  [{ admin: "/nowhere" }, /can't read \/nowhere/],
  [{ tlsDir: "/nowhere", clientCa: HERE }, /--tls-dir and files besides/],
])("%o is refused with what to do", async (flags, message) => {
  await expect(checkCredentialFlags(flags)).rejects.toMatchObject({
    message: expect.stringMatching(message),
    next: expect.stringMatching(/./),
  });
});

test("files that can be read pass", async () => {
  await checkCredentialFlags({ tlsCert: HERE, tlsKey: HERE, clientCa: HERE, admin: HERE });
});
