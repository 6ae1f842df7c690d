// The edge before the gateway: HTTP/1.1 by ALPN or without a word of it, for curl and openssl as they come. What the
// gateway itself says is tested elsewhere: here a few lines stand in its place.
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseProxyV2, type ProxyHeader } from "../../src/transport/proxy_v2.ts";
import { run } from "../lib/command.ts";
import { Edge } from "./edge.ts";
import { Authority, type Identity, serverOf } from "./pki.ts";
import { as, shake } from "./s_client.ts";

const NO_APPLICATION_PROTOCOL = 120;
const CERTIFICATE_REQUIRED = 116;
const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nserved";

let dir: string;
let root: Authority;
let client: Identity;
let edge: Edge;
let gateway: Deno.UnixListener;
/** Who called, in order. */
const heard: ProxyHeader[] = [];

beforeAll(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-gateway-front-" });
  root = await Authority.root(dir, "root");
  const server = await root.issue("server", { extensions: serverOf("DNS:localhost", "IP:127.0.0.1") });
  client = await root.issue("client");
  const gatewayBack = join(dir, "gateway.sock");
  gateway = Deno.listen({ transport: "unix", path: gatewayBack });
  void serve();
  const material = { certificate: server.chain, privateKey: server.keyPem, clientCa: root.anchor };
  edge = await Edge.start({ material, back: join(dir, "nobody.sock"), gatewayBack });
});
afterAll(async () => {
  await edge.stop();
  gateway.close();
  await Deno.remove(dir, { recursive: true });
});

async function serve(): Promise<void> {
  for await (const conn of gateway) {
    const buffer = new Uint8Array(65_536);
    let length = 0;
    for (let count; (count = await conn.read(buffer.subarray(length))) !== null;) {
      length += count;
      const parsed = parseProxyV2(buffer.subarray(0, length));
      if (parsed.state !== "header" || length === parsed.lenBytes) continue;
      heard.push(parsed.header);
      break;
    }
    await conn.write(new TextEncoder().encode(ANSWER));
    conn.close();
  }
}

/** The gateway's listener is the last. */
const at = (): string => edge.at(1);

test.each<[what: string, options: string[]]>([
  ["h2 and http/1.1, as browsers do", ["--http2"]],
  ["http/1.1", ["--http1.1"]],
  ["nothing", ["--no-alpn"]],
  ["nothing, by TLS 1.2", ["--no-alpn", "--tls-max", "1.2"]],
])("a client of the gateway's that offers so much by ALPN is served: %s", async (_what, options) => {
  const { out, err } = await run("curl", [
    ...["--silent", "--show-error", "--max-time", "10", ...options],
    ...["--cacert", root.identity.certificate, "--cert", client.chainFile, "--key", client.key],
    `https://${at()}/v1/status`,
  ]);
  expect(out, err).toBe("served");
  const { tls, edge: timing } = heard.at(-1) ?? {};
  expect(tls?.clientCertificate?.length).toBeGreaterThan(100);
  expect(timing?.handshakeEndUs).toBeGreaterThan(timing?.acceptedUs ?? Infinity);
});

test.each(["h2", "h2c,h3", "http/1.0"])(
  "a client of the gateway's that speaks no HTTP/1.1 by ALPN is refused: %s",
  async (alpn) => {
    const before = heard.length;
    expect(await shake(at(), [...as(client), "-alpn", alpn])).toContain(
      `alert number ${NO_APPLICATION_PROTOCOL}`,
    );
    expect(heard.length).toBe(before);
  },
);

test("a client of the gateway's without a certificate is refused", async () => {
  const before = heard.length;
  expect(await shake(at(), ["-ign_eof", "-tls1_3"])).toContain(`alert number ${CERTIFICATE_REQUIRED}`);
  expect(heard.length).toBe(before);
});
