// A gateway that says what a test wants said: states that a real appliance is brought into only by luck (overloaded,
// everything broken at once) are looked at with it. Must never take the place of a real one in a test of figures.
import type { CertificateJson, EventJson, KeyJson, StatusJson } from "../../src/gateway/observer/answers.ts";
import { buildPage } from "../../src/gateway/page/build.ts";

const DAY_MS = 86_400_000;

export type Mood = "well" | "user" | "overloaded" | "troubled" | "empty";

export interface StandIn {
  readonly url: string;
  mood: Mood;
  /** New streams are turned away. */
  refuseStreams: boolean;
  /** Ends the streams that are open. */
  breakStreams(): void;
  stop(): Promise<void>;
}

/** Listens at 127.0.0.1. The bundler's process is left to the caller (esbuild.stop()). */
export async function startStandIn(mood: Mood = "well"): Promise<StandIn> {
  const { html, policy } = await buildPage();
  const startedMs = Date.now();
  const streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const state = { mood, refuseStreams: false };
  const answer = (request: Request): Response => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/") {
      return new Response(html, {
        headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": policy },
      });
    }
    if (state.mood === "overloaded") {
      return Response.json({ code: 8, message: "too many calls at once", details: [] }, {
        status: 429,
        headers: { "retry-after": "20" },
      });
    }
    if (pathname === "/v1/health/services") return Response.json(health(state.mood));
    if (pathname === "/v1/keys") return Response.json(keys(state.mood, searchParams));
    if (pathname === "/v1/access:whoAmI") {
      const user = { identity: "unix", role: "USER", transport: "unix", keys: ["*"] };
      return Response.json(
        state.mood === "user" ? user : { ...user, identity: "admin:alice", role: "OPERATOR" },
      );
    }
    if (state.mood === "user") {
      return Response.json({ code: 16, message: "prove an enrolled key", details: [] }, { status: 401 });
    }
    if (pathname === "/v1/status") return Response.json(status(state.mood, startedMs));
    if (pathname === "/metrics") return new Response(metrics(state.mood, Date.now() - startedMs));
    if (pathname === "/v1/events:watch" && state.refuseStreams) {
      return Response.json({ code: 14, message: "the server stops", details: [] }, { status: 503 });
    }
    if (pathname === "/v1/events:watch") {
      const kept = state.mood === "empty" ? [] : events(startedMs);
      const text = kept.map((event) => `id: ${event.sequence}\ndata: ${JSON.stringify(event)}\n\n`).join("");
      let own: ReadableStreamDefaultController<Uint8Array>;
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          streams.add(own = controller);
          controller.enqueue(new TextEncoder().encode(`retry: 2000\n\n${text}`));
        },
        cancel: () => void streams.delete(own),
      });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    }
    return Response.json({ code: 5, message: "no such path", details: [] }, { status: 404 });
  };
  const breakStreams = () => {
    for (const stream of streams) stream.close();
    streams.clear();
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    get mood() {
      return state.mood;
    },
    set mood(next: Mood) {
      state.mood = next;
    },
    get refuseStreams() {
      return state.refuseStreams;
    },
    set refuseStreams(refuse: boolean) {
      state.refuseStreams = refuse;
    },
    breakStreams,
    async stop() {
      breakStreams();
      await server.shutdown();
    },
  };
}

function health(mood: Mood) {
  const services = ["", "crypto.CryptoService", "echo.EchoService", "gatehouse.clock", "gatehouse.edge"];
  services.push("gatehouse.signer", "gatehouse.tls", "gatehouse.v1.Crypto", "gatehouse.v1.Keys");
  const bad = (name: string) => mood === "troubled" && /signer|Crypto$|Keys/.test(name);
  return {
    statuses: Object.fromEntries(
      services.map((name) => [name, { status: bad(name) ? "NOT_SERVING" : "SERVING" }]),
    ),
  };
}

function status(mood: Mood, startedMs: number): StatusJson {
  const now = Date.now();
  const certificate = (
    use: string,
    name: string,
    from: number,
    to: number,
    state: string,
  ): CertificateJson => ({
    use,
    state,
    subject: `CN=${name}`,
    names: [`dns:${name}`],
    notBeforeMs: String(now - from * DAY_MS),
    notAfterMs: String(now + to * DAY_MS),
    sha256: btoa(name),
  });
  const troubled = mood === "troubled";
  return {
    version: "0.1.0",
    instanceId: "4f1d8a0c9b2e47f6a3d5c1e8",
    startedAtMs: String(startedMs),
    uptimeMs: String(now - startedMs + 4 * 3_600_000),
    clock: troubled
      ? { nowMs: String(now), reason: "never set since the boot" }
      : { nowMs: String(now), known: true, reason: "by the host's clock (ptp_kvm)" },
    configVersion: "7",
    ...troubled ? { confirmByMs: String(now + 42_000) } : {},
    transports: mood === "empty" ? [] : [
      { address: "vsock://any:50051", protection: "local", connections: 6 },
      { address: "tls://0.0.0.0:50051", protection: "mutual TLS", connections: 18 },
      { address: "unix:///run/gatehouse/agent.sock", protection: "local", connections: 1 },
    ],
    certificates: mood === "empty" ? [] : [
      certificate("SERVER", "gatehouse.example", 300, troubled ? 6 : 97, troubled ? "NEAR_EXPIRY" : "VALID"),
      certificate("CLIENT_CA", "callers.example", 400, 3_250, "VALID"),
    ],
    units: [
      { name: "agent", healthy: true, detail: `answers since ${new Date(startedMs).toISOString()}` },
      troubled
        ? { name: "signer", detail: "doesn't answer since 12 s" }
        : { name: "signer", healthy: true, detail: "answers" },
      { name: "edge", healthy: true, detail: "answers" },
    ],
    lastEvent: "9",
  };
}

function keys(mood: Mood, query: URLSearchParams): { keys: KeyJson[]; nextPageToken?: string } {
  if (mood === "empty") return { keys: [] };
  const second = query.get("pageToken") === "second";
  const states = ["ENABLED", "ENABLED", "ENABLED", "DISABLED", "ENABLED", "PENDING_DELETION"];
  const kinds = ["ED25519", "EC_P256", "RSA_3072", "EC_P384", "RSA_4096", "ED25519"];
  const now = Date.now();
  const all = [...states.keys()].map((i): KeyJson => ({
    id: `${
      second ? "team" : ["release", "default-p256", "ci-signing", "archive-2024", "firmware", "old-deploy"][i]
    }${second ? `-${i}` : ""}`,
    kind: kinds[i],
    state: states[i],
    revision: "3",
    labels: i === 0 ? { team: "platform", env: "prod" } : {},
    versions: Array.from({ length: 1 + i % 3 }, (_, v) => ({
      version: v + 1,
      createdAtMs: String(now - (40 - 9 * v) * DAY_MS),
    })),
    createdAtMs: String(now - 40 * DAY_MS),
    ...i === 5 ? { deleteAtMs: String(now + 5 * DAY_MS) } : {},
    ...i === 4 ? { imported: true } : {},
    policy: i === 2
      ? {
        algorithms: ["RSA_PSS_SHA256"],
        identities: ["uri:spiffe://example/ci"],
        transports: ["TCP_TLS"],
        signaturesPerSecond: 200,
        notAfterMs: String(now + 200 * DAY_MS),
      }
      : {},
  }));
  const asked = query.get("states");
  return {
    keys: asked === null ? all : all.filter(({ state }) => state === asked),
    ...second ? {} : { nextPageToken: "second" },
  };
}

function events(startedMs: number): EventJson[] {
  const told: [string, string, Record<string, string>][] = [
    ["STARTED", "the agent has started", { version: "0.1.0" }],
    ["CLOCK_KNOWN", "the time is known: by the host's clock (ptp_kvm)", {}],
    ["CONFIG_APPLIED", "admin:alice applied version 7 of the configuration", {
      by: "admin:alice",
      version: "7",
    }],
    ["KEY_CREATED", "admin:alice made the key release", {
      by: "admin:alice",
      key: "release",
      kind: "ED25519",
    }],
    ["DENIED", "refused: the role is too low", {
      identity: "dns:ci.example",
      path: "/gatehouse.v1.Config/Get",
    }],
    ["CERTIFICATE_NEAR_EXPIRY", "the server's certificate ends in 13 d", { names: "dns:gatehouse.example" }],
    ["SIGNER_LOST", "the signer doesn't answer", {}],
    ["SIGNER_BACK", "the signer answers again", {}],
    ["KEY_ROTATED", "admin:alice rotated the key release", {
      by: "admin:alice",
      key: "release",
      revision: "4",
    }],
  ];
  return told.map(([kind, message, fields], i) => ({
    sequence: String(i + 1),
    atMs: String(startedMs - (told.length - i) * 241_000),
    kind,
    message,
    fields,
  }));
}

/** Counters as an appliance under some load would have them after that time. */
function metrics(mood: Mood, elapsedMs: number): string {
  if (mood === "empty") return 'gatehouse_connections{transport="unix"} 1\n';
  const t = elapsedMs / 1000 + 600;
  const wave = (rate: number, period: number) =>
    Math.round(rate * (t + (period / 9) * Math.sin(t * 6.28 / period)));
  const lines: string[] = [];
  const put = (name: string, labels: string, value: number) => lines.push(`${name}{${labels}} ${value}`);
  const bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
  const methods: [string, string, string, number, number][] = [
    ["crypto.CryptoService", "Sign", "vsock", 820, 1.4],
    ["gatehouse.v1.Crypto", "Sign", "tcp-tls", 2_400, 1.2],
    ["gatehouse.v1.Crypto", "SignBatch", "tcp-tls", 74, 2.4],
    ["gatehouse.v1.Crypto", "Verify", "tcp-tls", 310, 2],
    ["echo.EchoService", "Echo", "vsock", 46, 1],
    ["gatehouse.v1.Status", "Get", "unix", 0.5, 1],
  ];
  for (const [service, method, transport, rate, slow] of methods) {
    const labels = `grpc_type="unary",grpc_service="${service}",grpc_method="${method}"`;
    const calls = wave(rate, 41 + rate % 17);
    put("grpc_server_handled_total", `${labels},grpc_code="OK",transport="${transport}"`, calls);
    if (rate > 300) {
      const errors = mood === "troubled" ? wave(rate / 9, 30) : wave(0.2, 50);
      put("grpc_server_handled_total", `${labels},grpc_code="UNAVAILABLE",transport="${transport}"`, errors);
    }
    put(
      "grpc_server_in_flight",
      `${labels},transport="${transport}"`,
      Math.round(rate / 300 * (1 + Math.sin(t / 3))),
    );
    bounds.forEach((le, i) => {
      const share = Math.min(
        1,
        Math.max(0, 1 - Math.exp(-(i + 1.2) / slow * 1.6)),
      );
      put("grpc_server_handling_seconds_bucket", `le="${le}",${labels}`, Math.round(calls * share));
    });
    put("grpc_server_handling_seconds_bucket", `le="+Inf",${labels}`, calls);
  }
  for (const [transport, open] of [["tcp-tls", 18], ["vsock", 6], ["unix", 1]] as const) {
    put("gatehouse_connections", `transport="${transport}"`, Math.round(open + 2 * Math.sin(t / 9 + open)));
    put("gatehouse_connections_total", `transport="${transport}"`, wave(open / 40, 60));
    put("gatehouse_http2_streams", `transport="${transport}"`, open * 2);
  }
  put("grpc_server_msg_received_bytes_total", "", wave(410_000, 47));
  put("grpc_server_msg_sent_bytes_total", "", wave(980_000, 47));
  put("gatehouse_refusals_total", 'limit="too_many_streams"', wave(mood === "troubled" ? 12 : 0.1, 25));
  put("gatehouse_denied_total", 'rule="ROLE_TOO_LOW"', 14);
  for (
    const [algorithm, rate, cost] of [["ECDSA_P256_SHA256", 2_600, 0], ["RSA_PSS_SHA256", 590, 5]] as const
  ) {
    const signed = wave(rate, 37);
    for (const what of ["queue", "sign"]) {
      [0.00002, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025].forEach((le, i) =>
        put(
          `gatehouse_signer_${what}_seconds_bucket`,
          `le="${le}",algorithm="${algorithm}"`,
          Math.round(signed * Math.min(1, (i + 1) / (4 + cost))),
        )
      );
      put(`gatehouse_signer_${what}_seconds_bucket`, `le="+Inf",algorithm="${algorithm}"`, signed);
      put(`gatehouse_signer_${what}_seconds_count`, `algorithm="${algorithm}"`, signed);
    }
  }
  put("process_resident_memory_bytes", "", 121e6);
  put("process_cpu_seconds_total", "", t * 0.42);
  put("gatehouse_heap_used_bytes", "", 41e6);
  put("gatehouse_held_bytes", "", 96_000);
  put("gatehouse_event_loop_lag_seconds_bucket", 'le="0.001"', wave(9, 20));
  put("gatehouse_event_loop_lag_seconds_bucket", 'le="+Inf"', wave(10, 20));
  put("gatehouse_build_info", 'version="0.1.0",deno="2.9.3",v8="15.0"', 1);
  put("gatehouse_edge_build_info", 'version="0.1.0"', 1);
  put("gatehouse_edge_connections", "", 18);
  put("gatehouse_edge_handshakes_waiting", "", 0);
  put("gatehouse_edge_queued_bytes", "", 4_096);
  put("gatehouse_edge_handshakes_total", 'kind="full"', wave(0.3, 60));
  put("gatehouse_edge_handshakes_total", 'kind="resumed"', wave(0.2, 60));
  put("gatehouse_edge_bytes_total", 'direction="in"', wave(390_000, 47));
  put("gatehouse_edge_bytes_total", 'direction="out"', wave(910_000, 47));
  put("gatehouse_edge_listeners", 'state="open"', 1);
  put("gatehouse_edge_listeners", 'state="failed"', 0);
  put("gatehouse_edge_handshakes_failed_total", 'reason="certificate_expired"', 3);
  put("gatehouse_edge_connections_refused_total", 'reason="too_many_of_peer"', 41);
  return lines.join("\n").replaceAll("{}", "") + "\n";
}
