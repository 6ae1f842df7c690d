import { expect, it } from "vitest";
import { gatewayRows } from "./vm_gateway.ts";

it("a VM's gateway is named as its callers write it, and not at all where there is none", () => {
  expect(gatewayRows({ vsock: "vsock://3:50080", tls: "tls://127.0.0.1:50443" })).toEqual([
    ["HTTP", "vsock://3:50080"],
    ["HTTPS", "https://127.0.0.1:50443"],
  ]);
  expect(gatewayRows({ tcp: "tcp://127.0.0.1:50443" })).toEqual([["HTTP", "http://127.0.0.1:50443"]]);
  expect(gatewayRows(undefined)).toEqual([]);
});
