// Address text of every transport: forms, refusals, lists, and the round trip.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Address,
  AddressError,
  formatAddress,
  MAX_ADDRESSES,
  parseAddress,
  parseAddressList,
} from "./address.ts";

const tcp = (hostname: string, port: number): Address => ({ transport: "tcp", hostname, port });
const tls = (hostname: string, port: number): Address => ({ transport: "tls", hostname, port });
const unix = (path: string): Address => ({ transport: "unix", path });

describe("parseAddress", () => {
  test.each<[string, Address]>([
    ["tcp://127.0.0.1:50051", tcp("127.0.0.1", 50051)],
    ["tcp://[::1]:50051", tcp("::1", 50051)],
    ["[FE80::1]:0", tcp("fe80::1", 0)],
    ["tcp://[fe80::1%eth0]:1", tcp("fe80::1%eth0", 1)],
    ["localhost:50051", tcp("localhost", 50051)],
    ["Example.ORG.:65535", tcp("example.org.", 65535)],
    ["my_host-1.lan:1", tcp("my_host-1.lan", 1)],
    ["tls://Gatehouse.Example:50051", tls("gatehouse.example", 50051)],
    ["tls://[::1]:0", tls("::1", 0)],
    ["unix:///run/g.sock", unix("/run/g.sock")],
    ["unix:/run/g.sock", unix("/run/g.sock")],
    ["unix:g.sock", unix("g.sock")],
    ["unix:///run/a b:c,d.sock", unix("/run/a b:c,d.sock")],
    ["vsock://any:50051", { transport: "vsock", cid: 4294967295, port: 50051 }],
    ["vsock:3:50051", { transport: "vsock", cid: 3, port: 50051 }],
    ["vsock+unix:///run/vm.sock:50051", { transport: "vsock+unix", path: "/run/vm.sock", port: 50051 }],
  ])("%s is read", (text, address) => {
    expect(parseAddress(text)).toEqual(address);
    expect(parseAddress(formatAddress(address))).toEqual(address);
  });

  test.each([
    ["", "the port is missing"],
    ["localhost", "the port is missing"],
    ["tcp://[::1]", "the port is missing"],
    [":50051", "the host is missing"],
    ["tcp://:50051", "the host is missing"],
    ["::1:50051", "needs brackets"],
    ["tcp://[::g]:1", "no IPv6 address"],
    ["tcp://[127.0.0.1]:1", "no IPv6 address"],
    ["localhost:65536", "the port must be"],
    ["localhost:-1", "the port must be"],
    ["localhost:080", "the port must be"],
    ["localhost:http", "the port must be"],
    ["tcp://localhost:1/x", "the port must be"],
    ["a..b:1", "neither a name nor an IP address"],
    ["-a:1", "neither a name nor an IP address"],
    ["a b:1", "neither a name nor an IP address"],
    ["127.1:1", "neither a name nor an IP address"],
    ["2130706433:1", "neither a name nor an IP address"],
    ["0x7f.1:1", "neither a name nor an IP address"],
    ["127.0.0.256:1", "neither a name nor an IP address"],
    ["user@host:1", "neither a name nor an IP address"],
    [`${"a".repeat(254)}:1`, "neither a name nor an IP address"],
    ["tls://localhost", "the port is missing"],
    ["tls://:50051", "the host is missing"],
    ["tls://127.1:1", "neither a name nor an IP address"],
    ["http://localhost:1", "only tcp://, tls://"],
    ["TCP://localhost:1", "only tcp://"],
    ["unix:", "the path is missing"],
    ["unix://", "an absolute path"],
    ["unix://run/g.sock", "an absolute path"],
    ["unix:///run/", "names a directory"],
    ["unix:a\nb", "control character"],
    [`unix:///${"é".repeat(54)}`, "109 bytes"],
    ["vsock://x:1", "the CID must be"],
  ])("%j is refused with the reason and an example", (text, reason) => {
    expect(() => parseAddress(text)).toThrow(AddressError);
    expect(() => parseAddress(text)).toThrow(reason);
    expect(() => parseAddress(text)).toThrow("an example: ");
  });

  test("what is formatted is read back to the same value", () => {
    const port = fc.integer({ min: 0, max: 65535 });
    const hostname = fc.oneof(fc.ipV4(), fc.ipV6().map((ip) => ip.toLowerCase()), fc.domain());
    const address = fc.oneof(
      fc.record({
        transport: fc.constantFrom("tcp" as const, "tls" as const),
        hostname: hostname.map((h) => h.toLowerCase()),
        port,
      }),
      fc.record({
        transport: fc.constant("unix" as const),
        path: fc.tuple(fc.constantFrom("/", ""), fc.string({ minLength: 1, maxLength: 30 }))
          .map((parts) => parts.join("")).filter((path) => !path.startsWith("//") && !path.endsWith("/")),
      }),
    );
    fc.assert(fc.property(address, (value) => {
      expect(parseAddress(formatAddress(value))).toEqual(value);
    }));
  });

  test("any text is either an address that survives the round trip or refused with an AddressError", () => {
    const piece = fc.constantFrom(
      "tcp://",
      "tls://",
      "unix:",
      "vsock:",
      "+unix",
      "//",
      "/",
      ":",
      "[",
      "]",
      "::1",
      "a",
      "1",
    );
    const text = fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 6 }).map((p) =>
      p.join("")
    );
    fc.assert(
      fc.property(text, (value) => {
        let address: Address;
        try {
          address = parseAddress(value);
        } catch (error) {
          expect(error).toBeInstanceOf(AddressError);
          return;
        }
        expect(parseAddress(formatAddress(address))).toEqual(address);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("parseAddressList", () => {
  test("keeps the order and takes blanks around commas", () => {
    expect(parseAddressList("vsock://3:1, unix:/a ,b:2").map(formatAddress)).toEqual([
      "vsock://3:1",
      "unix:///a",
      "tcp://b:2",
    ]);
  });

  test.each([["a:1,,b:2", "between commas"], ["a:1,", "between commas"], ["", "the port is missing"]])(
    "%j is refused",
    (text, reason) => expect(() => parseAddressList(text)).toThrow(reason),
  );

  test("refuses more addresses than a client would try", () => {
    expect(() => parseAddressList(Array(MAX_ADDRESSES + 1).fill("a:1").join(","))).toThrow("at most 16");
  });
});
