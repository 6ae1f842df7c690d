// What networkd, the resolver and timesyncd are told, and that nothing else can stand there.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkConfig, loadConfig } from "../config/mod.ts";
import { NETWORK_FILES, networkFile, renderNetwork } from "./render.ts";

const rendered = (toml: string) => renderNetwork(loadConfig(toml, "f"));

describe("the files for networkd, the resolver and timesyncd", () => {
  it("aren't there by default, when the image's own count", () => {
    expect(Object.values(rendered(""))).toEqual([undefined, undefined, undefined]);
  });

  it("say of the interface what the image's own file says, where the configuration changes nothing", () => {
    const image = readFileSync(
      new URL("../../../image/network/80-ethernet.network", import.meta.url),
      "utf8",
    );
    const said = (text: string) =>
      text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).sort();
    expect(said(networkFile(loadConfig("", "f").network))).toEqual(said(image));
  });

  it("hold every setting in its canonical text", () => {
    const files = rendered(`
      [network]
      addresses = ["192.0.2.10/24", "2001:DB8:0::10/64"]
      gateways = ["192.0.2.1", "FE80::1"]
      dhcp = "no"
      router_advertisements = false
      dns = ["2001:DB8:0::53", "192.0.2.53"]
      [time]
      servers = ["Time.Example", "192.0.2.123"]`);
    expect(files["gatehouse.network"]?.split("\n")).toEqual(
      expect.arrayContaining([
        "DHCP=no",
        "IPv6AcceptRA=no",
        "Address=192.0.2.10/24",
        "Address=2001:db8::10/64",
        "Gateway=192.0.2.1",
        "Gateway=fe80::1",
      ]),
    );
    expect(files["resolv.conf"]).toBe("nameserver 2001:db8::53\nnameserver 192.0.2.53\n");
    expect(files["timesyncd.conf"]).toBe("[Time]\nNTP=time.example 192.0.2.123\nFallbackNTP=\n");
  });

  it("have no line that the renderer doesn't know, whatever texts the configuration holds", () => {
    const known =
      /^(|\[(Match|Network|DHCPv4|Time)\]|Type=ether|DHCP=(yes|no|ipv4|ipv6)|(IPv6AcceptRA|LLMNR|MulticastDNS|UseHostname|UseTimezone|UseNTP|SendHostname)=(yes|no)|Address=[0-9a-f.:]+\/[0-9]+|Gateway=[0-9a-f.:]+|nameserver [0-9a-f.:]+|NTP=[a-z0-9._: -]+|FallbackNTP=)$/;
    const piece = fc.oneof(
      fc.constantFrom(
        "192.0.2.10/24",
        "192.0.2.1",
        "2001:db8::1/64",
        "time.example",
        "\n",
        "\r",
        "[Match]",
        "=",
        " ",
        "%eth0",
        "\\\n",
        "#",
        "\0",
      ),
      fc.string({ maxLength: 8 }),
    );
    const text = fc.array(piece, { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join(""));
    const texts = fc.array(text, { minLength: 1, maxLength: 2 });
    const good = fc.constantFrom("192.0.2.10/24", "2001:db8::1/64").map((one) => [one]);
    fc.assert(
      fc.property(fc.oneof(texts, good), texts, texts, texts, (addresses, gateways, dns, servers) => {
        const network = { addresses, gateways, dns, dhcp: "yes" as const, router_advertisements: false };
        let files;
        try {
          files = renderNetwork({ network, time: { servers } });
        } catch {
          return;
        }
        for (const name of NETWORK_FILES) {
          for (const line of (files[name] ?? "").split("\n")) expect(line).toMatch(known);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("refuse a text that the configuration's check would have refused", () => {
    const network = { ...loadConfig("", "f").network, addresses: ["192.0.2.1/24\nGateway=192.0.2.2"] };
    expect(() => renderNetwork({ network, time: { servers: [] } })).toThrow(/is no address/);
    expect(checkConfig(`[network]\naddresses = ["192.0.2.1/24\\nGateway=192.0.2.2"]`, "f")).toHaveLength(1);
  });
});
