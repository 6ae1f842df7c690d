// What [network] and [time] take and what they refuse, each refusal at its key.
import { describe, expect, it } from "vitest";
import { checkConfig, loadConfig } from "./mod.ts";

describe("[network] and [time]", () => {
  it("take addresses of both versions with their gateways, name servers and time servers", () => {
    const text = `
      [network]
      addresses = ["192.0.2.10/24", "2001:db8::10/64"]
      gateways = ["192.0.2.1", "fe80::1"]
      dhcp = "no"
      router_advertisements = false
      dns = ["192.0.2.53", "2001:db8::53"]
      [time]
      servers = ["time.example", "192.0.2.123"]`;
    expect(checkConfig(text, "f")).toEqual([]);
  });

  it("leave the network as the image has it by default", () => {
    expect(loadConfig("", "f")).toMatchObject({
      network: { addresses: [], gateways: [], dhcp: "yes", router_advertisements: true, dns: [] },
      time: { servers: [] },
    });
  });

  const network = (text: string) => `[network]\n${text}\n`;
  const addressed = 'addresses = ["192.0.2.10/24"]\n';
  it.each([
    [network('addresses = ["192.0.2.10"]'), "network.addresses[0]", /length of its network's prefix/],
    [network('addresses = ["192.0.2.10/24\\nGateway=192.0.2.1"]'), "network.addresses[0]", /prefix/],
    [network('addresses = ["127.0.0.1/8"]'), "network.addresses[0]", /can't be a machine's/],
    [network('addresses = ["192.0.2.10/0"]'), "network.addresses[0]", /can't be a machine's/],
    [network('addresses = ["192.0.2.255/24"]'), "network.addresses[0]", /broadcast/],
    [
      network('addresses = ["2001:db8::1/64", "2001:DB8:0::1/48"]'),
      "network.addresses[1]",
      /2001:db8::1 is in the list twice/,
    ],
    [network('gateways = ["192.0.2.1"]'), "network.gateways[0]", /none of the networks/],
    [network(`${addressed}gateways = ["192.0.3.1"]`), "network.gateways[0]", /none of the networks/],
    [
      network(`${addressed}gateways = ["192.0.2.1", "192.0.2.2"]`),
      "network.gateways[1]",
      /one for IPv4 already/,
    ],
    [network('gateways = ["ff02::1"]'), "network.gateways[0]", /of another machine/],
    [network('dns = ["dns.example"]'), "network.dns[0]", /no IP address/],
    [network('dns = ["127.0.0.53"]'), "network.dns[0]", /another machine/],
    [network('dns = ["192.0.2.1", "192.0.2.1"]'), "network.dns[1]", /twice/],
    [
      network('dns = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]'),
      "network.dns",
      /4 values, too many/,
    ],
    [network('dhcp = "dhcp"'), "network.dhcp", /none|not/],
    ['[time]\nservers = ["time.example"]', "time.servers[0]", /network\.dns names no server/],
    [
      `${network('dns = ["192.0.2.1"]')}[time]\nservers = ["time.example", "TIME.example"]`,
      "time.servers[1]",
      /twice/,
    ],
    ['[time]\nservers = ["a b"]', "time.servers[0]", /neither a name nor/],
    ['[time]\nservers = ["a\\nNTP=b"]', "time.servers[0]", /neither a name nor/],
    ['[time]\nservers = ["0.0.0.0"]', "time.servers[0]", /neither a name nor/],
    ['[time]\nservers = ["*.example"]', "time.servers[0]", /neither a name nor/],
  ])("refuse %j at its key", (text, key, reason) => {
    const problems = checkConfig(text, "f");
    expect(problems.map((problem) => problem.key)).toEqual([key]);
    expect(problems[0].reason).toMatch(reason);
    expect(problems[0].next).not.toBe("");
  });
});
