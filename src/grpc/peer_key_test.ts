import { describe, expect, it } from "vitest";
import type { Peer } from "./conn.ts";
import { peerKey } from "./peer_key.ts";

const tcp = (address: string): Peer => ({ transport: "tcp", address });
const key = (address: string) => peerKey(tcp(address));

describe("what counts as one peer", () => {
  it("an IPv4 address, whatever its port", () => {
    expect(key("tcp://192.0.2.7:1")).toBe(key("tcp://192.0.2.7:65535"));
    expect(key("tcp://192.0.2.7:1")).not.toBe(key("tcp://192.0.2.8:1"));
  });

  it("an IPv6 network of 64 bits", () => {
    expect(key("tcp://[2001:db8:1:2::1]:1")).toBe("tcp 2001:db8:1:2::/64");
    expect(key("tcp://[2001:db8:1:2:ffff:ffff:ffff:ffff]:2")).toBe(key("tcp://[2001:db8:1:2::1]:1"));
    expect(key("tcp://[2001:db8:1:3::1]:1")).not.toBe(key("tcp://[2001:db8:1:2::1]:1"));
  });

  it.each([
    "[2001:db8::1]",
    "[2001:DB8::1]",
    "[2001:0db8:0000:0000:0000:0000:0000:0001]",
    "[2001:db8:0:0::0.0.0.1]",
    "[2001:db8::1%eth0]",
  ])("the same in the spelling %s", (host) => {
    expect(key(`tcp://${host}:443`)).toBe("tcp 2001:db8:0:0::/64");
  });

  it.each([
    ["[::]", "tcp 0:0:0:0::/64"],
    ["[::1]", "tcp 0:0:0:0::/64"],
    ["[1::]", "tcp 1:0:0:0::/64"],
    ["[1:2:3:4:5:6:7::]", "tcp 1:2:3:4::/64"],
    ["[::4:5:6:7:8]", "tcp 0:0:0:4::/64"],
    ["[fe80::1%3]", "tcp fe80:0:0:0::/64"],
  ])("%s is of %s", (host, expected) => {
    expect(key(`tcp://${host}:1`)).toBe(expected);
  });

  it.each(["[::ffff:192.0.2.7]", "[::ffff:c000:207]", "[0:0:0:0:0:FFFF:c000:0207]"])(
    "the IPv4 address that %s is mapped from, not all of them together",
    (host) => {
      expect(key(`tcp://${host}:1`)).toBe(key("tcp://192.0.2.7:9"));
      expect(key("tcp://[::ffff:192.0.2.8]:1")).not.toBe(key(`tcp://${host}:1`));
    },
  );

  it("a VSOCK context id, whatever its port", () => {
    const vsock = (port: number): Peer => ({ transport: "vsock", address: `vsock://7:${port}`, cid: 7 });
    expect(peerKey(vsock(1))).toBe(peerKey(vsock(2)));
  });

  it("all clients of a Unix socket, and no client of TCP with them", () => {
    const unix: Peer = { transport: "unix", address: "unix:///run/a.sock" };
    expect(peerKey(unix)).toBe(peerKey({ ...unix }));
    expect(peerKey(unix)).not.toBe(peerKey({ ...unix, address: "unix:///run/b.sock" }));
  });

  it("an address that can't be read, for itself", () => {
    expect(key("tcp://[no:address]:1")).toBe("tcp no:address");
    expect(key("tcp://a-name:1")).toBe(key("tcp://a-name:2"));
    expect(key("nonsense")).toBe("tcp nonsense");
  });
});
