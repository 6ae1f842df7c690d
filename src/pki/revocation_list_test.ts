// Revocation lists as they are read, ours and OpenSSL's way of writing serial numbers, and which of two says more.
import { beforeAll, describe, expect, test } from "vitest";
import { type KeyPairPem, newAuthority, newRevocationList } from "./profile.ts";
import { isOlder, readRevocationLists, revokedNoLonger } from "./revocation_list.ts";

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 21);
const from = (days: number) => ({
  notBefore: new Date(NOW + days * DAY_MS),
  notAfter: new Date(NOW + 9 * DAY_MS),
});

let ca: KeyPairPem;
let other: KeyPairPem;
const list = (authority: KeyPairPem, serials: string[], days = 0) =>
  newRevocationList(
    authority,
    serials.map((serial) => ({ serial, revokedAt: new Date(NOW) })),
    1,
    from(days),
  );

beforeAll(async () => {
  ca = await newAuthority("CA", from(-1));
  other = await newAuthority("Other", from(-1));
});

describe("a list", () => {
  test("says whose it is, when it holds and what it revokes, serials as certificates have them", async () => {
    const pem = await list(ca, ["8ea51e3e", "172f9693"]) + await list(other, []);
    expect(readRevocationLists(pem)).toEqual([
      {
        issuer: "CN=CA",
        thisUpdate: new Date(NOW),
        nextUpdate: new Date(NOW + 9 * DAY_MS),
        revoked: new Set(["8ea51e3e", "172f9693"]),
        isSignedBy: expect.any(Function),
      },
      expect.objectContaining({ issuer: "CN=Other", revoked: new Set() }),
    ]);
  });

  test("that is none, or is cut, is refused", async () => {
    const [, body] = (await list(ca, ["1a"])).split("\n");
    expect(() => readRevocationLists("x")).toThrow(/no revocation list in it/);
    expect(() => readRevocationLists(`-----BEGIN X509 CRL-----\n${body}\n-----END X509 CRL-----\n`)).toThrow(
      /damaged revocation list/,
    );
  });
});

test("what the next one doesn't revoke any more is counted by issuer", async () => {
  const before = await list(ca, ["1a", "2b"]) + await list(other, ["1a"]);
  expect(revokedNoLonger(before, before)).toEqual(new Map());
  expect(revokedNoLonger(before, await list(ca, ["2b", "3c"]))).toEqual(
    new Map([["CN=CA", 1], ["CN=Other", 1]]),
  );
  expect(revokedNoLonger(before, undefined)).toEqual(new Map([["CN=CA", 2], ["CN=Other", 1]]));
  expect(revokedNoLonger("damaged", undefined)).toEqual(new Map());
});

test("one is older when nothing in it is newer, and something is older or missing", async () => {
  const [one, two] = [await list(ca, [], 1), await list(ca, [], 2)];
  expect([isOlder(one, two), isOlder(two, one), isOlder(one, one)]).toEqual([true, false, false]);
  expect([isOlder(undefined, one), isOlder(one, undefined)]).toEqual([true, false]);
  expect(isOlder(two, one + await list(other, []))).toBe(false);
});
