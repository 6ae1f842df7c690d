// The keys of [network] and [time], which a VM has and `serve` refuses.
// Must never do anything: network.ts has the rules, src/agent/network puts them in force.
import { z } from "zod";
import {
  hostAddressIssue,
  interfaceAddressIssue,
  MAX_DNS_SERVERS,
  MAX_GATEWAYS,
  MAX_NETWORK_ADDRESSES,
  MAX_TIME_SERVERS,
  networkIssues,
  timeServerIssue,
} from "./network.ts";
import { ruled } from "./rule.ts";

export const network = z.strictObject({
  addresses: z.array(ruled(interfaceAddressIssue)).max(MAX_NETWORK_ADDRESSES).default([]).meta({
    description: "Addresses of its own, each with the length of its network's prefix: `192.0.2.10/24`, " +
      "`2001:db8::10/64`. Beside those that `dhcp` and `router_advertisements` bring.",
  }),
  gateways: z.array(ruled(hostAddressIssue)).max(MAX_GATEWAYS).default([]).meta({
    description: "Where what isn't in a network of `addresses` is sent: one for each version of IP.",
  }),
  dhcp: z.enum(["yes", "ipv4", "ipv6", "no"]).default("yes").meta({
    description: "For which versions of IP it asks for an address.",
  }),
  router_advertisements: z.boolean().default(true).meta({
    description: "Takes IPv6 addresses and routes that routers announce (RFC 4862).",
  }),
  dns: z.array(ruled(hostAddressIssue)).max(MAX_DNS_SERVERS).default([]).meta({
    description:
      "Name servers, by IP address. Only time servers are looked up; DHCP's name servers aren't used.",
  }),
}).superRefine((section, context) => {
  for (const issue of networkIssues(section)) context.addIssue({ code: "custom", ...issue });
}).prefault({}).meta({
  description:
    "The VM's own network interface. `gatehouse serve` leaves its machine's network alone and refuses " +
    "anything but the defaults.",
});

export const time = z.strictObject({
  servers: z.array(ruled(timeServerIssue)).max(MAX_TIME_SERVERS).default([]).meta({
    description: "Time servers (NTP), by name or IP address. Without one the clock is the machine's own.",
  }),
}).prefault({}).meta({ description: "Where the VM's clock comes from. Only in a VM, like [network]." });
