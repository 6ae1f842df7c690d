// The section [gateway]: what it takes, and what it says of what it doesn't.
import { describe, expect, it } from "vitest";
import { checkConfig, loadConfig } from "./config.ts";

const problemsOf = (gateway: string, listen = "") =>
  checkConfig(`[listen]\n${listen}\n[gateway]\n${gateway}\n`, "f").map(({ key, reason, next }) =>
    `${key}: ${reason}; ${next}`
  );

describe("[gateway]", () => {
  it("is off by default, with the page on and closed to other origins", () => {
    expect(loadConfig("", "f").gateway).toEqual({ addresses: [], cors_origins: [], hosts: [], page: true });
  });

  it("takes addresses of every kind beside those of gRPC", () => {
    const text =
      "addresses = ['vsock://any:50080', 'tls://0.0.0.0:50443', 'unix:///run/http.sock', 'tcp://127.0.0.1:0']";
    expect(problemsOf(text, "addresses = ['vsock://any:50051', 'tls://0.0.0.0:50051', 'tcp://127.0.0.1:0']"))
      .toEqual([]);
  });

  it("refuses an address, or a port of the other protocol, that gRPC has", () => {
    expect(problemsOf("addresses = ['vsock://any:50051']")).toEqual([
      "gateway.addresses[0]: [listen] has vsock://any:50051 for gRPC; give the gateway another port",
    ]);
    expect(problemsOf("addresses = ['tcp://127.0.0.1:7']", "addresses = ['tls://0.0.0.0:7']")[0]).toMatch(
      /^gateway\.addresses\[0\]: \[listen\] has tls:\/\/0\.0\.0\.0:7 for gRPC/,
    );
    expect(problemsOf("addresses = ['unix:///a']", "proxied = ['unix:///a']")[0]).toMatch(/another socket$/);
  });

  it("refuses plain TCP beyond loopback unless it is allowed, and an address twice", () => {
    expect(problemsOf("addresses = ['tcp://0.0.0.0:8']")[0]).toMatch(/open to the network/);
    expect(problemsOf("addresses = ['tcp://0.0.0.0:8']", "insecure_tcp = true")).toEqual([]);
    expect(problemsOf("addresses = ['unix:///a', 'unix:///a']")[0]).toMatch(/addresses\[1\].*twice/);
  });

  it.each(["https://a.example/", "a.example", "null", "*", "https://A.example", "ftp://a.example"])(
    "refuses %s as an origin",
    (origin) =>
      expect(problemsOf(`cors_origins = ['${origin}']`)[0]).toMatch(/^gateway\.cors_origins\[0\]: /),
  );

  it.each(["a.example:443", "A.example", "192.0.2.1", "::1", "", "*.example", "a..b"])(
    "refuses %s as a host",
    (host) => expect(problemsOf(`hosts = ['${host}']`)[0]).toMatch(/^gateway\.hosts\[0\]: /),
  );

  it("takes origins and hosts as browsers send them", () => {
    expect(problemsOf("cors_origins = ['https://a.example:8443', 'http://localhost']\nhosts = ['a.example']"))
      .toEqual([]);
  });
});
