// Dialing TLS against servers of node:tls and of none: who is trusted, what goes wrong and how that is said.
import { createServer, type Server, type TlsOptions, type TLSSocket } from "node:tls";
import type { AddressInfo } from "node:net";
import { readExactly, writeAll } from "../../vsock/test_peers.ts";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { type KeyPairPem, type Leaf, newAuthority, newLeaf } from "../pki/profile.ts";
import type { Conn } from "../grpc/conn.ts";
import { parseAddress } from "./address.ts";
import { dialer } from "./dial.ts";
import { listen } from "./listen.ts";
import type { TlsClientOptions } from "./tls_material.ts";

const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3600_000) };
const past = { notBefore: new Date(Date.now() - 7200_000), notAfter: new Date(Date.now() - 3600_000) };
const future = { notBefore: new Date(Date.now() + 1800_000), notAfter: new Date(Date.now() + 3600_000) };

let ca: KeyPairPem;
let strangersCa: KeyPairPem;
let server: KeyPairPem;
let client: KeyPairPem;
const leaf = (over: Partial<Leaf> & Pick<Leaf, "use">, authority = ca) =>
  newLeaf(authority, { ...validity, commonName: "test", names: ["dns:localhost", "ip:127.0.0.1"], ...over });

beforeAll(async () => {
  [ca, strangersCa] = await Promise.all([
    newAuthority("ours", validity),
    newAuthority("strangers", validity),
  ]);
  [server, client] = await Promise.all([leaf({ use: "server" }), leaf({ use: "client", names: ["dns:ci"] })]);
});

const open: Server[] = [];
const conns: Conn[] = [];
afterEach(() => {
  for (const conn of conns.splice(0)) conn.close();
  for (const one of open.splice(0)) one.close();
});

/** Echoes unless told otherwise. @returns its port */
async function serve(
  options: TlsOptions = {},
  onConnection = (socket: TLSSocket) => void socket.pipe(socket),
): Promise<number> {
  const one = createServer({
    cert: server.certificatePem,
    key: server.privateKeyPem,
    ALPNProtocols: ["h2"],
    ...options,
  }, (socket) => {
    socket.on("error", () => {});
    onConnection(socket);
  });
  one.on("tlsClientError", () => {});
  open.push(one);
  await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve));
  return (one.address() as AddressInfo).port;
}

async function dial(
  port: number,
  tls: TlsClientOptions = {},
  host = "127.0.0.1",
  timeoutMs?: number,
): Promise<Conn> {
  const conn = await dialer(parseAddress(`tls://${host}:${port}`), {
    tls: { ca: ca.certificatePem, ...tls },
    timeoutMs,
  })();
  conns.push(conn);
  return conn;
}

const failure = (dialing: Promise<Conn>): Promise<{ code: string; message: string }> =>
  dialing.then(() => {
    throw new Error("it did not fail");
  }, (error) => error);

describe("a TLS connection", () => {
  test("carries a MiB both ways and names its peer", async () => {
    const port = await serve();
    const conn = await dial(port);
    expect(conn.peer).toEqual({ transport: "tcp", address: `tls://127.0.0.1:${port}` });
    const sent = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
    const [back] = await Promise.all([readExactly(conn, sent.length), writeAll(conn, sent)]);
    expect(back).toEqual(sent);
  });

  test("reads no further ahead than a buffer while nobody reads", async () => {
    let sent = 0;
    const port = await serve({}, (socket) => {
      const more = () => {
        while (sent < 64 << 20 && socket.write(new Uint8Array(65_536))) sent += 65_536;
      };
      socket.on("drain", more);
      more();
    });
    const conn = await dial(port);
    await readExactly(conn, 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sent).toBeLessThan(32 << 20); // the kernel's buffers of both ends among it
  });

  test("ends with null when the server ends it, and with an error after close()", async () => {
    const port = await serve({}, (socket) => void socket.end("bye"));
    const conn = await dial(port);
    expect(await readExactly(conn, 4)).toEqual(new TextEncoder().encode("bye"));
    expect(await conn.read(new Uint8Array(1))).toBe(null);
    conn.close();
    conn.close();
    await expect(conn.read(new Uint8Array(1))).rejects.toThrow(/closed/);
    await expect(conn.write(new Uint8Array(1))).rejects.toThrow(/closed/);
  });

  test("close() ends a read that waits", async () => {
    const conn = await dial(await serve());
    const waiting = conn.read(new Uint8Array(1));
    conn.close();
    await expect(waiting).rejects.toThrow(/closed/);
  });
});

describe("the server", () => {
  test("is known by its name, by its IP address, and by another name that was asked for", async () => {
    const port = await serve();
    await dial(port, {}, "localhost");
    await dial(port, {}, "127.0.0.1");
    const elsewhere = await leaf({ use: "server", names: ["dns:gw.example", "ip:192.0.2.7"] });
    const other = await serve({ cert: elsewhere.certificatePem, key: elsewhere.privateKeyPem });
    await dial(other, { serverName: "gw.example" });
    await dial(other, { serverName: "192.0.2.7" });
    const { message } = await failure(dial(other));
    expect(message).toMatch(/isn't one for 127\.0\.0\.1 .*gw\.example.*--server-name/s);
    expect((await failure(dial(other, { serverName: "192.0.2.8" }))).message).toMatch(
      /isn't one for 192\.0\.2\.8/,
    );
    expect((await failure(dial(port, { serverName: "gw.example" }))).message).toMatch(
      /isn't one for gw\.example/,
    );
  });

  test("of an authority that wasn't named is refused, though it were a public one", async () => {
    const port = await serve();
    const { message } = await failure(dial(port, { ca: strangersCa.certificatePem }));
    expect(message).toMatch(/authority that isn't trusted here.* --ca FILE/);
    expect((await failure(dial(port, { ca: undefined }))).message).toMatch(/isn't trusted here/);
  });

  test("with a certificate that ran out, is not valid yet, or is a client's, is refused", async () => {
    const old = await leaf({ use: "server", ...past });
    const expired = await serve({ cert: old.certificatePem, key: old.privateKeyPem });
    expect((await failure(dial(expired))).message).toMatch(/has expired/);
    const early = await leaf({ use: "server", ...future });
    const notYet = await serve({ cert: early.certificatePem, key: early.privateKeyPem });
    expect((await failure(dial(notYet))).message).toMatch(/valid from .* on; check this machine's clock/);
    const clients = await leaf({ use: "client" });
    const wrongUse = await serve({ cert: clients.certificatePem, key: clients.privateKeyPem });
    expect((await failure(dial(wrongUse))).message).toMatch(/isn't one for servers/);
  });

  test("that agrees to no HTTP/2 is refused", async () => {
    const port = await serve({ ALPNProtocols: undefined });
    expect((await failure(dial(port))).message).toMatch(/no HTTP\/2 \(ALPN h2\)/);
  });

  test("is dialed for HTTP/1.1 with or without its ALPN, and refused where it speaks HTTP/2 alone", async () => {
    const dialHttp = async (port: number) => {
      const address = parseAddress(`tls://127.0.0.1:${port}`);
      const conn = await dialer(address, { tls: { ca: ca.certificatePem }, protocol: "http/1.1" })();
      conns.push(conn);
      return conn;
    };
    const heard: unknown[] = [];
    for (const ALPNProtocols of [["http/1.1"], ["h2", "http/1.1"], undefined]) {
      await dialHttp(await serve({ ALPNProtocols }, (socket) => void heard.push(socket.alpnProtocol)));
    }
    await expect.poll(() => heard).toEqual(["http/1.1", "http/1.1", false]);
    expect((await failure(dialHttp(await serve()))).message).toMatch(
      /no HTTP\/1\.1 \(ALPN http\/1\.1\); check that a gateway/,
    );
  });

  test("that speaks no TLS, or nothing at all, is an error that says so", async () => {
    const plain = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const answering = (async () => {
      for await (const conn of plain) {
        await conn.read(new Uint8Array(1024));
        await conn.write(Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0));
        conn.close();
      }
    })();
    expect((await failure(dial(plain.addr.port))).message).toMatch(/speaks no TLS; dial it as tcp:\/\//);
    plain.close();
    await answering;
    const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { code, message } = await failure(dial(silent.addr.port, {}, undefined, 200));
    expect(code).toBe("ETIMEDOUT");
    expect(message).toMatch(/no answer within 200 ms/);
    silent.close();
    expect(await failure(dial(silent.addr.port))).toMatchObject({ code: "ECONNREFUSED" });
  });
});

describe("the client", () => {
  const demanding = () => serve({ requestCert: true, rejectUnauthorized: true, ca: ca.certificatePem });
  /** In TLS 1.3 the answer to our certificate comes with the first read. */
  const firstRead = async (tls: TlsClientOptions) =>
    (await dial(await demanding(), tls)).read(new Uint8Array(1));

  test("shows its certificate where one is demanded", async () => {
    const conn = await dial(await demanding(), { cert: client.certificatePem, key: client.privateKeyPem });
    await conn.write(Uint8Array.of(7));
    expect(await readExactly(conn, 1)).toEqual(Uint8Array.of(7));
  });

  test("learns from the first read that it should have shown one", async () => {
    await expect(firstRead({})).rejects.toThrow(
      /demands a client certificate; give one with --cert FILE --key FILE/,
    );
  });

  test.each<[string, () => Promise<TlsClientOptions>, RegExp]>([
    ["a certificate without key", () => Promise.resolve({ cert: client.certificatePem }), /go together/],
    ["a key without certificate", () => Promise.resolve({ key: client.privateKeyPem }), /go together/],
    [
      "a key of another certificate",
      () => Promise.resolve({ cert: client.certificatePem, key: server.privateKeyPem }),
      /isn't that of the certificate/,
    ],
    [
      "a key that is none",
      () => Promise.resolve({ cert: client.certificatePem, key: "secret" }),
      /no private key/,
    ],
    [
      "an authority that is none",
      () => Promise.resolve({ ca: "nothing" }),
      /no certificate in what --ca gives/,
    ],
    [
      "a damaged authority",
      () => Promise.resolve({ ca: ca.certificatePem.replace(/\n.{20}/, "\nAAAAAAAAAAAAAAAAAAAA") }),
      /damaged/,
    ],
  ])("is told before it dials: %s", async (_name, options, reason) => {
    const { message } = await failure(dial(1, await options()));
    expect(message).toMatch(reason);
    expect(message).not.toContain("secret");
  });
});

test("listening is refused with what to do", async () => {
  const refusal = await Promise.resolve().then(() => listen(parseAddress("tls://127.0.0.1:0"))).catch((
    error,
  ) => error);
  expect(refusal.message).toMatch(/gatehouse serve --tls/);
});

test("an aborted signal ends a dial with its reason", async () => {
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const reason = new Error("enough");
  const abort = new AbortController();
  const dialing = dialer(parseAddress(`tls://127.0.0.1:${silent.addr.port}`))(abort.signal);
  setTimeout(() => abort.abort(reason), 50);
  await expect(dialing).rejects.toBe(reason);
  silent.close();
});
