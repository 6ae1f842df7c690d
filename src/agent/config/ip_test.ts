// Addresses as bytes: what is understood, what isn't, and that writing is the reverse of reading.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatInterfaceAddress,
  formatIp,
  inNetwork,
  isNetworkOrBroadcast,
  isUnicast,
  parseInterfaceAddress,
  parseIp,
} from "./ip.ts";

function ip(text: string) {
  const parsed = parseIp(text);
  if (parsed === undefined) throw new Error(`${text} isn't understood`);
  return parsed;
}

function onNetwork(text: string) {
  const parsed = parseInterfaceAddress(text);
  if (parsed === undefined) throw new Error(`${text} isn't understood`);
  return parsed;
}

describe("an IP address", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7"],
    ["2001:DB8:0:0::1", "2001:db8::1"],
    ["::", "::"],
    ["1::", "1::"],
    ["::ffff:192.0.2.1", "::ffff:c000:201"],
    ["fe80:0:0:1:0:0:0:1", "fe80:0:0:1::1"],
  ])("%s is written as %s", (text, canonical) => expect(formatIp(ip(text))).toBe(canonical));

  it.each([
    "",
    "1.2.3",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.4 ",
    "1.2.3.4\n",
    "fe80::1%eth0",
    "::1::",
    "example",
    "[::1]",
    "1.2.3.4/8",
  ])(
    "%j is none",
    (text) => expect(parseIp(text)).toBeUndefined(),
  );

  it("is the same bytes after it was written and read", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    );
    fc.assert(fc.property(bytes, (bytes) => {
      const version = bytes.length === 4 ? 4 : 6;
      expect(ip(formatIp({ version, bytes }))).toEqual({ version, bytes });
    }));
  });

  it.each([
    "0.0.0.0",
    "127.0.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "ff02::1",
    "::ffff:192.0.2.1",
  ])(
    "%s is no machine's",
    (text) => expect(isUnicast(ip(text))).toBe(false),
  );

  it.each(["10.0.2.15", "169.254.1.1", "fe80::1", "2001:db8::1", "fd00::1"])(
    "%s is a machine's",
    (text) => expect(isUnicast(ip(text))).toBe(true),
  );
});

describe("an interface's address", () => {
  it("is written back in one way", () => {
    expect(formatInterfaceAddress(onNetwork("2001:DB8::0:1/64"))).toBe("2001:db8::1/64");
  });

  it.each([
    "192.0.2.1",
    "192.0.2.1/33",
    "2001:db8::1/129",
    "192.0.2.1/08",
    "192.0.2.1/-1",
    "/24",
    "192.0.2.1/24/24",
    "192.0.2.1/24\nX",
  ])(
    "%j is none",
    (text) => expect(parseInterfaceAddress(text)).toBeUndefined(),
  );

  it("has those in its network that share its first bits", () => {
    const network = onNetwork("192.0.2.130/25");
    expect(
      ["192.0.2.128", "192.0.2.255", "192.0.2.127", "192.0.3.129", "2001:db8::1"].map((text) =>
        inNetwork(ip(text), network)
      ),
    )
      .toEqual([true, true, false, false, false]);
    expect(inNetwork(ip("2001:db8:0:1ff::1"), onNetwork("2001:db8:0:100::1/56"))).toBe(true);
    expect(inNetwork(ip("2001:db8:0:200::1"), onNetwork("2001:db8:0:100::1/56"))).toBe(false);
  });

  it.each([
    ["192.0.2.0/24", true],
    ["192.0.2.255/24", true],
    ["192.0.2.1/24", false],
    ["192.0.2.0/31", false],
    ["2001:db8::/64", false],
  ])(
    "%s is the network's own or broadcast: %s",
    (text, expected) => expect(isNetworkOrBroadcast(onNetwork(text))).toBe(expected),
  );
});
