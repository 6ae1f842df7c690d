// Plain TCP stays on this machine unless it is allowed by name.
import { describe, expect, test } from "vitest";
import { parseAddress } from "./address.ts";
import { checkPlainTcp, isLoopback } from "./plain_tcp.ts";

describe("isLoopback", () => {
  test.each([
    "127.0.0.1:1",
    "127.255.255.254:1",
    "[::1]:1",
    "[0:0:0:0:0:0:0:1]:1",
    "[::ffff:127.0.0.1]:1",
    "localhost:1",
    "vm1.localhost:1",
  ])("%s is", (text) => expect(isLoopback(parseAddress(text))).toBe(true));

  test.each([
    "0.0.0.0:1",
    "[::]:1",
    "10.0.0.1:1",
    "[::ffff:10.0.0.1]:1",
    "[::ffff:0.0.0.0]:1",
    "[fe80::1%lo]:1",
    "localhost.example.org:1",
    "127.0.0.1.example.org:1",
    "notlocalhost:1",
    "vsock://1:1",
    "unix:/a",
  ])("%s is not", (text) => expect(isLoopback(parseAddress(text))).toBe(false));
});

describe("checkPlainTcp", () => {
  test("lets everything pass that is no open TCP, and that too where it is allowed by name", () => {
    for (const text of ["127.0.0.1:1", "unix:/a", "vsock://any:1", "vsock+unix:///a:1"]) {
      expect(checkPlainTcp(parseAddress(text), false)).toBeUndefined();
    }
    expect(checkPlainTcp(parseAddress("0.0.0.0:1"), true)).toBeUndefined();
  });

  test("gives the reason and every way out for an open one", () => {
    const reason = checkPlainTcp(parseAddress("0.0.0.0:50051"), false);
    expect(reason).toContain("tcp://0.0.0.0:50051 is open to the network");
    expect(reason).toContain("tcp://127.0.0.1:50051");
    expect(reason).toContain("--insecure-tcp");
  });
});
