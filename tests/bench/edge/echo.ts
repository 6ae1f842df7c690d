// Echo over mutual TLS: the edge and the agent behind it, on one core together, beside tonic with rustls on
// the same core; and both without TLS, to show what it costs.
import { CACHE_DIR } from "../../../src/cli/root.ts";
import { note } from "../../../src/cli/output.ts";
import { measure, type Measured } from "../generator.ts";
import { median } from "../results.ts";
import { proxiedSocket, type RunningServer, startServer } from "../server.ts";
import { sides } from "../sides.ts";
import type { EchoFigures, EchoRow } from "./figures.ts";
import { edge, startTlsServer } from "./servers.ts";

const COLUMNS = ["8x1", "8x32"];
const FORMS = ["varying", "constant"] as const;
/** Until the optimising compiler has seen what it will see. */
const FIRST_WARMUP_SECONDS = 2;
const WARMUP_SECONDS = 0.3;

export const ECHO_SIDES: Readonly<Record<string, string>> = {
  "edge + agent":
    "mutual TLS 1.3 by gatehouse-edge, PROXY v2, the agent as the image has it; both on the one core",
  "tonic + rustls": "tonic 0.14.9 with its TLS (rustls, AWS-LC), one worker, on the same core",
  "agent, plain": "the same agent on plain TCP",
  "tonic, plain": "the same tonic on plain TCP",
};

/** @param dir an empty folder */
export async function measureEcho(
  dir: string,
  certificates: string,
  rounds: number,
  seconds: number,
): Promise<EchoRow[]> {
  const stops: (() => Promise<void>)[] = [];
  try {
    const servers = new Map<string, RunningServer>();
    for (const [name, server] of await startAll(dir, certificates, stops)) servers.set(name, server);
    note("warming up for Echo");
    for (const server of servers.values()) {
      for (const form of FORMS) {
        await measure(server, {
          transport: "tcp",
          column: "8x32",
          form,
          seconds: 0.1,
          warmupSeconds: FIRST_WARMUP_SECONDS,
        });
      }
    }
    const rows: EchoRow[] = [];
    for (const form of FORMS) {
      for (const column of COLUMNS) {
        note(`Echo, ${column}, ${form}`);
        const runs = new Map<string, Measured[]>([...servers.keys()].map((name) => [name, []]));
        for (let round = 0; round < rounds; round++) {
          for (const [name, server] of servers) {
            const load = { transport: "tcp", column, form, seconds, warmupSeconds: WARMUP_SECONDS } as const;
            runs.get(name)?.push(await measure(server, load));
          }
        }
        const figures = [...runs].map(([name, each]) => [name, echoFigures(each)] as const);
        rows.push({ form, column, sides: Object.fromEntries(figures) });
      }
    }
    return rows;
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

/** @param stops gets what ends each, as soon as it runs */
async function startAll(
  dir: string,
  certificates: string,
  stops: (() => Promise<void>)[],
): Promise<[string, RunningServer][]> {
  const side = (name: string) => {
    const found = sides.find((each) => each.name === name);
    if (found === undefined) throw new Error(`no side ${name}`);
    return found;
  };
  const started = async (running: Promise<RunningServer>) => {
    const server = await running;
    stops.push(server.stop);
    return server;
  };
  const tonic = side("tonic");
  const tonicTls = { ...tonic, argv: (socket: string) => [...tonic.argv(socket), certificates] };
  const agent = await started(startServer(side("agent"), `${dir}/agent`));
  const backend = proxiedSocket(agent.address("unix"));
  await Deno.mkdir(`${dir}/edge`);
  const door = await startTlsServer(edge, { dir: `${dir}/edge`, certificates, backend });
  stops.push(door.stop);
  const tls = { ...await started(startServer(tonicTls, `${dir}/tonic-tls`)), certificates };
  return [
    ["edge + agent", {
      ...agent,
      address: () => door.address,
      pids: [door.pid, ...agent.pids],
      certificates,
    }],
    ["tonic + rustls", tls],
    ["agent, plain", agent],
    ["tonic, plain", await started(startServer(tonic, `${dir}/tonic`))],
  ];
}

/** Builds what the sides need, beside the native programs. */
export async function buildEcho(): Promise<void> {
  await Deno.mkdir(`${CACHE_DIR}/bench`, { recursive: true });
  await sides.find(({ name }) => name === "agent")?.build();
}

function echoFigures(runs: readonly Measured[]): EchoFigures {
  const of = (pick: (run: Measured) => number) => median(runs.map(pick));
  return {
    rate: of(({ rate }) => rate),
    cpuUs: of(({ server_cpu_us }) => server_cpu_us),
    cpuUsEach: runs[0].server_cpu_us_each.map((_, at) =>
      of(({ server_cpu_us_each }) => server_cpu_us_each[at])
    ),
    clientShare: of(({ generator_cpu_share }) => generator_cpu_share),
  };
}
