// Mutual TLS as users meet it: openssl, grpcurl, grpcio, grpc-js and our own client against `gatehouse serve --tls`.
// With the certificate each reaches Echo and Sign; without, none reaches anything.
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { verifySignature } from "../../src/cli/verify_signature.ts";
import { Channel } from "../../src/grpc/channel.ts";
import { unary } from "../../src/grpc/client.ts";
import { type EchoRequestInit, type EchoResponse, methodAt } from "../../src/proto/mod.ts";
import { parseAddress } from "../../src/transport/address.ts";
import { dialer } from "../../src/transport/dial.ts";
import { gatehouse, gatehouseJson, runBytes, tryGatehouse } from "../lib/command.ts";
import { type Serving, startServe } from "../lib/serve.ts";
import { SIGNED, TLS_CALLERS } from "../lib/tls_callers.ts";
import { openssl } from "../lib/tools.ts";

const Echo = methodAt<EchoRequestInit, EchoResponse>("/echo.EchoService/Echo");
const Sign = methodAt<object, { signature: Uint8Array }>("/crypto.CryptoService/Sign");

/** What the issue allows between the death of the edge and the next good call. */
const BACK_MS = 2_000;

let serving: Serving;
let hostPort: string;
/** --ca, --cert and --key of our commands. */
let files: string[];
/** Of a client that the same authority made later, and that the configuration doesn't know. */
let guest: string[];
beforeAll(async () => {
  // A port of its own choice an edge would not find again when it is started again.
  const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  free.close();
  serving = await startServe("", { args: [`tls://127.0.0.1:${free.addr.port}`] });
  hostPort = serving.tls.replace("tls://", "");
  const { ca, cert, key } = serving.tlsFiles;
  files = ["--ca", ca, "--cert", cert, "--key", key];
  const out = serving.dir;
  await gatehouse(["ca", "issue", `${out}/state.tls`, "guest", "--client", "--out", out]);
  guest = ["--ca", ca, "--cert", join(out, "guest.pem"), "--key", join(out, "guest.key")];
}, 120_000);
afterAll(() => serving.stop());

const at = () => ["--server", serving.tls];

describe("our client", () => {
  test("calls Echo and has data signed, and the signature is good", async () => {
    const reply = await gatehouseJson<{ payload: string; peer: string }>([
      "echo",
      "by TLS",
      ...at(),
      ...files,
    ]);
    expect(reply).toMatchObject({ payload: "by TLS", peer: serving.tls });
    const stdin = new TextEncoder().encode("signed by TLS");
    const signature = join(serving.dir, "tls.sig");
    await gatehouse(["sign", ...at(), ...files, "-o", signature], { stdin });
    expect(await gatehouse(["verify", "--signature", signature, ...at(), ...files], { stdin })).toMatch(
      /^Verified/,
    );
  }, 20_000);

  test("takes its files from the environment, and the next address when one fails", async () => {
    const { ca, cert, key } = serving.tlsFiles;
    const env = { GATEHOUSE_TLS_CA: ca, GATEHOUSE_TLS_CERT: cert, GATEHOUSE_TLS_KEY: key };
    const server = `unix:///nowhere.sock,${serving.tls}`;
    const reply = await gatehouseJson<{ peer: string }>(["echo", "hi", "--server", server], { env });
    expect(reply.peer).toBe(serving.tls);
  }, 20_000);

  test.each<[string, () => [string[], RegExp]]>([
    [
      "without a certificate",
      () => [[...at(), ...files.slice(0, 2)], /demands a client certificate; give one with --cert/],
    ],
    ["without the authority", () => [[...at(), ...files.slice(2)], /isn't trusted here.*--ca FILE/s]],
    [
      "by plain TCP",
      () => [
        ["--server", serving.tls.replace("tls:", "tcp:")],
        /without a word of HTTP\/2; .* begins with tls:\/\//,
      ],
    ],
    [
      "of another name",
      () => [
        [...at(), ...files, "--server-name", "gw.example"],
        /isn't one for gw\.example .*--server-name/s,
      ],
    ],
    [
      "with the key of another",
      () => [
        [...at(), ...files.slice(0, 4), "--key", `${serving.dir}/guest.key`],
        /isn't that of the certificate/,
      ],
    ],
    [
      "of options for TLS and an address without",
      () => [["--server", serving.unix, ...files], /is for TLS, and unix:.* is called without/],
    ],
  ])("%s is told what is wrong", async (_name, given) => {
    const [args, reason] = given();
    const ran = await tryGatehouse(["echo", "hi", ...args]);
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(reason);
    expect(ran.err).toMatch(/Next: /);
  }, 20_000);

  test("with a certificate that the configuration doesn't know calls Echo, and no key", async () => {
    expect(await gatehouse(["echo", "hi", ...at(), ...guest])).toMatch(/^hi /);
    const ran = await tryGatehouse(["sign", ...at(), ...guest], { stdin: new Uint8Array(3) });
    expect(ran).toMatchObject({ code: 1, err: expect.stringMatching(/PERMISSION_DENIED/) });
  }, 20_000);

  test("administrates by the socket with the key that was made, and by TLS not at all", async () => {
    const admin = ["--admin-key", serving.adminKey];
    expect(((await Deno.stat(serving.adminKey)).mode ?? 0) & 0o777).toBe(0o600);
    const { admins } = await gatehouseJson<{ admins: object[] }>([
      "admins",
      "list",
      "--server",
      serving.unix,
      ...admin,
    ]);
    expect(admins).toHaveLength(1);
    const ran = await tryGatehouse(["admins", "list", ...at(), ...files]);
    expect(ran).toMatchObject({ code: 1, err: expect.stringMatching(/PERMISSION_DENIED/) });
  }, 20_000);

  test("measures with bench, the key not in the report", async () => {
    const report = await gatehouse([
      ...[
        "bench",
        ...at(),
        ...files,
        "--requests",
        "200",
        "--connections",
        "2",
        "--warmup",
        "0ms",
        "--processes",
        "2",
      ],
      "--json",
    ]);
    expect(JSON.parse(report).services[0]).toMatchObject({ ok: 200, failed: 0 });
    expect(report).not.toMatch(/PRIVATE KEY/);
  }, 20_000);
});

test("a client of grpc-js, as the seed's, calls by TLS with its certificate and not without", async () => {
  const { ca, cert, key } = serving.tlsFiles;
  const call = (secure: ReturnType<typeof credentials.createSsl>) =>
    new Promise<string>((resolve) => {
      const client = new Client(hostPort.replace("127.0.0.1", "localhost"), secure);
      client.makeUnaryRequest(
        Echo.path,
        (request: EchoRequestInit) => Buffer.from(Echo.requestSerialize(request)),
        (bytes) => Echo.responseDeserialize(bytes),
        { payload: "of old", timestamp: 1 },
        { deadline: Date.now() + 5_000 },
        (error, reply) => {
          client.close();
          resolve(error === null ? (reply?.payload ?? "") : `failed: ${error.details}`);
        },
      );
    });
  const [root, own, chain] = [ca, key, cert].map((path) => readFileSync(path));
  expect(await call(credentials.createSsl(root, own, chain))).toBe("of old");
  expect(await call(credentials.createSsl(root))).toMatch(/^failed: /);
}, 20_000);

describe("openssl", async () => {
  const tool = await openssl();
  if ("reason" in tool) {
    test.skip(`skipped: ${tool.reason}`, () => {});
    return;
  }
  const { path } = tool;
  /** What comes back within half a second of a client's preface; s_client ends when its input does. */
  const preface = "PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n\\0\\0\\0\\4\\0\\0\\0\\0\\0";
  const connect = (...args: string[]) =>
    runBytes("sh", [
      ...["-c", `(printf '${preface}'; sleep 0.5) | "$0" s_client "$@"`, path],
      ...["-connect", hostPort, "-alpn", "h2", "-verify_return_error", "-verify_ip", "127.0.0.1"],
      ...["-quiet", "-no_ign_eof"],
      ...["-CAfile", serving.tlsFiles.ca, ...args],
    ]);

  test.each(["-tls1_3", "-tls1_2"])(
    "verifies the server and hears HTTP/2, with a certificate (%s)",
    async (version) => {
      const { cert, key } = serving.tlsFiles;
      const { stdout } = await connect(version, "-cert", cert, "-key", key);
      const SETTINGS = 4;
      expect([stdout[3], stdout.subarray(5, 9)]).toEqual([SETTINGS, new Uint8Array(4)]);
    },
    10_000,
  );

  test.each(["-tls1_3", "-tls1_2"])("is turned away without a certificate (%s)", async (version) => {
    const { stdout, stderr } = await connect(version);
    expect(stdout).toHaveLength(0);
    expect(stderr).toMatch(/alert (certificate required|handshake failure|bad certificate)/);
  }, 10_000);
});

describe.each(TLS_CALLERS)("$name", ({ tool, call }) => {
  test("reaches Echo and Sign with a certificate, and nothing without", async (context) => {
    const found = await tool();
    if ("reason" in found) return context.skip(found.reason);
    const { ca, cert, key } = serving.tlsFiles;
    const called = await call(found.path, hostPort, { ca, client: { cert, key } });
    expect(called?.echo).toMatch(/^by /);
    const pubkey = ["pubkey", "--server", serving.unix, "--algorithm", "RSA_PKCS1_SHA256", "--out", "der"];
    const { stdout: spki } = await runBytes("./gatehouse", pubkey);
    const data = new TextEncoder().encode(SIGNED);
    expect(await verifySignature("RSA_PKCS1_SHA256", spki, data, called?.signature ?? new Uint8Array())).toBe(
      true,
    );
    expect(await call(found.path, hostPort, { ca })).toBeUndefined();
  }, 30_000);
});

test(
  "the edge killed under load: the agent lives, calls by its socket go on, and new ones by TLS work within 2 s",
  async () => {
    const { ca, cert, key } = serving.tlsFiles;
    const [caPem, certPem, keyPem] = await Promise.all(
      [ca, cert, key].map((path) => Deno.readTextFile(path)),
    );
    const address = parseAddress(serving.tls);
    const tls = new Channel([{
      address: serving.tls,
      dial: dialer(address, { tls: { ca: caPem, cert: certPem, key: keyPem } }),
    }]);
    const local = new Channel([{ address: serving.unix, dial: dialer(parseAddress(serving.unix)) }]);
    const echo = (channel: Channel) =>
      unary(channel, Echo, { payload: "load", timestamp: 1 }, { deadlineMs: 2_000 });
    let over = false;
    let good = 0;
    const failures: string[] = [];
    const load = (channel: Channel, onFailure: (error: unknown) => void) =>
      (async () => {
        while (!over) await echo(channel).then(() => good++, onFailure);
      })();
    const loads = [
      ...Array.from({ length: 4 }, () => load(tls, () => new Promise((resolve) => setTimeout(resolve, 5)))),
      load(local, (error) => failures.push(String(error))),
    ];
    try {
      while (good < 200) await echo(local);
      const pid = await edgeOf(serving.pid);
      Deno.kill(pid, "SIGKILL");
      const killed = performance.now();
      // A connection of its own each time: what is measured is when somebody new gets in.
      for (;;) {
        const fresh = new Channel([{
          address: serving.tls,
          dial: dialer(address, { tls: { ca: caPem, cert: certPem, key: keyPem } }),
        }]);
        const answered = await echo(fresh).then(() => true, () => false);
        fresh.close();
        if (answered) break;
        expect(performance.now() - killed).toBeLessThan(BACK_MS);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      expect(performance.now() - killed).toBeLessThan(BACK_MS);
      expect(await edgeOf(serving.pid)).not.toBe(pid);
      const before = good;
      // It backs off as any channel does.
      await vi.waitFor(() => echo(tls), { timeout: 5_000, interval: 50 });
      while (good < before + 100) await echo(local);
      expect(failures).toEqual([]);
      expect(
        await unary(
          local,
          Sign,
          { key_type: "ECC", algorithm: "ECDSA_P256_SHA256", data: new Uint8Array(1) },
          {
            deadlineMs: 5_000,
          },
        ),
      ).toHaveProperty("signature");
    } finally {
      over = true;
      await Promise.all(loads);
      tls.close();
      local.close();
    }
  },
  30_000,
);

/** The edge among the children of serve. */
async function edgeOf(pid: number): Promise<number> {
  const children = (await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`)).trim().split(" ");
  for (const child of children) {
    const name = await Deno.readTextFile(`/proc/${child}/comm`).catch(() => "");
    if (name.startsWith("gatehouse-edge")) return Number(child);
  }
  throw new Error(`no edge among ${children}`);
}
