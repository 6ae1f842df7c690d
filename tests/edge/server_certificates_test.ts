// Our client before a server that isn't who it should be: it says why and what to do, and calls nothing.
import { afterAll, beforeAll, expect, test } from "vitest";
import { SocketError } from "@gatehouse/vsock";
import { parseAddress } from "../../src/transport/address.ts";
import { dialer } from "../../src/transport/dial.ts";
import { Authority, CLIENT, type Identity, inDays, type IssueOptions, rsa, serverOf } from "./pki.ts";
import { TlsServer } from "./s_server.ts";

let dir: string;
let root: Authority;
let client: Identity;
beforeAll(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-servers-" });
  root = await Authority.root(dir, "root");
  client = await root.issue("client");
}, 60_000);
afterAll(() => Deno.remove(dir, { recursive: true }));

const HERE = serverOf("IP:127.0.0.1", "DNS:localhost");

/** How our dial ends before a server with this certificate. */
async function dial(identity: Identity, more: string[] = []): Promise<string> {
  const server = await TlsServer.start(root, more, identity);
  try {
    const tls = { ca: root.anchor, cert: client.chain, key: client.keyPem };
    const conn = await dialer(parseAddress(`tls://${server.at}`), { tls })();
    conn.close();
    return "connected";
  } catch (error) {
    expect(error).toBeInstanceOf(SocketError);
    return (error as Error).message;
  } finally {
    await server.stop();
  }
}

test("a server with a good certificate is connected to", async () => {
  expect(await dial(await root.issue("good", { extensions: HERE }))).toBe("connected");
});

test.each<[name: string, why: RegExp, options: IssueOptions]>([
  ["another name", /127\.0\.0\.1/, { extensions: serverOf("DNS:elsewhere.example", "IP:127.0.0.2") }],
  ["a name in its subject alone", /127\.0\.0\.1|name/, { extensions: "extendedKeyUsage=serverAuth\n" }],
  ["a certificate that expired", /expired/, {
    extensions: HERE,
    notBefore: inDays(-9),
    notAfter: inDays(-1),
  }],
  ["a certificate that isn't valid yet", /valid from/, { extensions: HERE, notBefore: inDays(1) }],
  ["a client's certificate", /server/, { extensions: `${CLIENT}subjectAltName=IP:127.0.0.1\n` }],
  ["a key of RSA-1024", /./, { extensions: HERE, key: rsa(1024) }],
])("a server with %s is refused with the reason", async (_name, why, options) => {
  const said = await dial(await root.issue("127.0.0.1", options), ["-cipher", "ALL:@SECLEVEL=0"]);
  expect(said).not.toBe("connected");
  expect(said).toMatch(why);
});

test("a server of another authority, and one that signed itself, are refused with the reason", async () => {
  const stranger = await Authority.root(dir, "stranger");
  expect(await dial(await stranger.issue("theirs", { extensions: HERE }))).toMatch(
    /authority that isn't trusted/,
  );
  const self = await Authority.root(dir, "self", { extensions: HERE });
  expect(await dial(self.identity)).toMatch(/self-signed|isn't trusted/);
});

test.each(["-tls1_1", "-tls1"])(
  "a server that speaks only an old TLS is refused: %s",
  async (version) => {
    const said = await dial(await root.issue("old", { extensions: HERE }), [
      version,
      "-cipher",
      "ALL:@SECLEVEL=0",
    ]);
    expect(said).not.toBe("connected");
  },
);

test("a server that agrees to no ALPN is refused", async () => {
  const said = await dial(await root.issue("no h2", { extensions: HERE }), ["-alpn", "http/1.1"]);
  expect(said).not.toBe("connected");
});
