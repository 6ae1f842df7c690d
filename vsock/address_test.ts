// Address text: every form, its bounds, and that parse and format are inverse.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  AddressError,
  formatVsockAddress,
  MAX_UNIX_PATH_BYTES,
  parseVsockAddress,
  unixPathProblem,
  VMADDR_CID_ANY,
} from "./address.ts";

describe("VSOCK addresses", () => {
  test.each([
    ["vsock://3:50051", { transport: "vsock", cid: 3, port: 50051 }],
    ["vsock:3:50051", { transport: "vsock", cid: 3, port: 50051 }],
    ["vsock://any:1", { transport: "vsock", cid: VMADDR_CID_ANY, port: 1 }],
    ["vsock://4294967295:1", { transport: "vsock", cid: VMADDR_CID_ANY, port: 1 }],
    ["vsock://0:4294967294", { transport: "vsock", cid: 0, port: 4294967294 }],
    ["vsock+unix:///run/vm.sock:52", { transport: "vsock+unix", path: "/run/vm.sock", port: 52 }],
    ["vsock+unix:///run/a:b.sock:52", { transport: "vsock+unix", path: "/run/a:b.sock", port: 52 }],
  ])("%s is read", (text, value) => {
    expect(parseVsockAddress(text)).toEqual(value);
  });

  test.each([
    ["vsock://3", "it needs a CID and a port"],
    ["vsock://3:4:5", "it needs a CID and a port"],
    ["vsock://:5", "the CID must be"],
    ["vsock://-1:5", "the CID must be"],
    ["vsock://4294967296:5", "the CID must be"],
    ["vsock://03:5", "the CID must be"],
    ["vsock://0x3:5", "the CID must be"],
    ["vsock://3:4294967295", "the port must be"],
    ["vsock://3:", "the port must be"],
    ["vsock://3:1e3", "the port must be"],
    ["vsock://3:50051/", "the port must be"],
    ["tcp://3:5", "it begins with neither"],
    ["vsock+unix://run/vm.sock:5", "an absolute path"],
    ["vsock+unix:/run/vm.sock:5", "an absolute path"],
    ["vsock+unix:///run/vm.sock", "the guest's port is missing"],
    ["vsock+unix:///run/vm.sock:0", "the guest's port must be"],
    ["vsock+unix:///run/:5", "names a directory"],
    ["vsock+unix:///a\0b:5", "control character"],
    [`vsock+unix:///${"a".repeat(MAX_UNIX_PATH_BYTES)}:5`, "108 bytes"],
  ])("%j is refused with the reason and an example", (text, reason) => {
    expect(() => parseVsockAddress(text)).toThrow(AddressError);
    expect(() => parseVsockAddress(text)).toThrow(reason);
    expect(() => parseVsockAddress(text)).toThrow("an example: vsock");
  });

  test("an address of a megabyte is not repeated in its error", () => {
    try {
      parseVsockAddress("vsock://" + "9".repeat(1 << 20));
      expect.unreachable();
    } catch (error) {
      expect((error as Error).message.length).toBeLessThan(400);
    }
  });

  test("what is formatted is read back to the same value", () => {
    const vsock = fc.record({
      transport: fc.constant("vsock" as const),
      cid: fc.integer({ min: 0, max: 0xffff_ffff }),
      port: fc.integer({ min: 0, max: 0xffff_fffe }),
    });
    const hybrid = fc.record({
      transport: fc.constant("vsock+unix" as const),
      path: fc.string({ unit: "grapheme", maxLength: 20 }).map((s) => `/${s}x`)
        .filter((path) => unixPathProblem(path) === undefined),
      port: fc.integer({ min: 1, max: 0xffff_fffe }),
    });
    fc.assert(fc.property(fc.oneof(vsock, hybrid), (address) => {
      expect(parseVsockAddress(formatVsockAddress(address))).toEqual(address);
    }));
  });

  test("any text is either an address or refused with an AddressError", () => {
    const nearly = fc.array(
      fc.oneof(
        fc.constantFrom("vsock", "+unix", ":", "//", "/", "any", "3", "0"),
        fc.string({ maxLength: 4 }),
      ),
      { maxLength: 8 },
    ).map((parts) => parts.join(""));
    fc.assert(fc.property(nearly, (text) => {
      try {
        const address = parseVsockAddress(text);
        expect(parseVsockAddress(formatVsockAddress(address))).toEqual(address);
      } catch (error) {
        expect(error).toBeInstanceOf(AddressError);
      }
    }));
  });
});
