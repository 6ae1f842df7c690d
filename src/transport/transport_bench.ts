// What the wrapper costs: a 64-byte ping-pong over wrapped connections against
// the same over bare Deno.Conn. Run: deno bench -A src/transport/transport_bench.ts
import { parseAddress } from "./address.ts";
import { dialer } from "./dial.ts";
import { listen } from "./listen.ts";

interface Stream {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
}

const MESSAGE_BYTES = 64;
/** Round trips an iteration, so that the harness's own cost vanishes. */
const ROUNDS = 100;

async function echo(stream: Stream): Promise<void> {
  const buffer = new Uint8Array(MESSAGE_BYTES);
  while (await stream.read(buffer) !== null) await stream.write(buffer);
}

async function pingPong(stream: Stream): Promise<void> {
  const message = new Uint8Array(MESSAGE_BYTES);
  for (let i = 0; i < ROUNDS; i++) {
    await stream.write(message);
    await stream.read(message);
  }
}

/** Client ends of a bare and of a wrapped pair. */
async function pairs(text: string): Promise<{ bare: Stream; wrapped: Stream }> {
  const listener = await listen(parseAddress(text));
  const served = listener[Symbol.asyncIterator]();
  const [accepted, wrapped] = await Promise.all([served.next(), dialer(parseAddress(listener.address))()]);
  if (!accepted.done) echo(accepted.value).catch(() => {});
  if (text.startsWith("unix:")) {
    const path = text.slice("unix://".length) + "2";
    const raw = Deno.listen({ transport: "unix", path });
    const [server, bare] = await Promise.all([raw.accept(), Deno.connect({ transport: "unix", path })]);
    echo(server).catch(() => {});
    return { bare, wrapped };
  }
  const raw = Deno.listen({ transport: "tcp", hostname: "127.0.0.1", port: 0 });
  const [server, bare] = await Promise.all([
    raw.accept(),
    Deno.connect({ transport: "tcp", hostname: "127.0.0.1", port: raw.addr.port }),
  ]);
  server.setNoDelay(true);
  bare.setNoDelay(true);
  echo(server).catch(() => {});
  return { bare, wrapped };
}

for (const [group, text] of [["tcp", "tcp://127.0.0.1:0"], ["unix", `unix://${Deno.makeTempDirSync()}/b`]]) {
  const { bare, wrapped } = await pairs(text!);
  Deno.bench(
    `${group}: ${ROUNDS} round trips, bare Deno.Conn`,
    { group, baseline: true },
    async () => await pingPong(bare),
  );
  Deno.bench(`${group}: ${ROUNDS} round trips, wrapped`, { group }, async () => await pingPong(wrapped));
}
