// Doors and generations together, over real Unix sockets: what calls under way live through when the configuration
// changes, and what is left as it was when it can't.
import { Buffer } from "node:buffer";
import { join } from "node:path";
import type { ServerDuplexStream } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Channel } from "../grpc/channel.ts";
import { bidi, type ClientMethod, unary } from "../grpc/client.ts";
import { type Callback, definition, type Unary } from "../grpc/server_testkit.ts";
import { dialer } from "../transport/dial.ts";
import { parseAddress } from "../transport/address.ts";
import { type Config, loadConfig } from "./config/mod.ts";
import { Doors } from "./doors.ts";
import { Generations } from "./generations.ts";
import { createLog } from "./log/mod.ts";
import { agentPlaces } from "./places.ts";

const methods = definition as unknown as Record<string, ClientMethod<Buffer, Buffer>>;
const silent = createLog({ output: { write: (bytes) => Promise.resolve(bytes.length) } }).component("test");

let dir: string;
let doors: Doors;
let generations: Generations;
const channels: Channel[] = [];
/** Bidirectional streams whose handler lives. */
let streamsOpen = 0;
/** Numbers of the calls that ended. */
const calls: number[] = [];

const address = (name: string) => `unix://${join(dir, name)}`;
function configOf(names: string[], rest = ""): Config {
  const list = JSON.stringify(names.map(address));
  return loadConfig(`[listen]\naddresses = ${list}\n[limits]\nshutdown_grace_ms = 60000\n${rest}`, "test");
}

const opening = (config: Config) => ({
  places: agentPlaces(config, undefined),
  insecureTcp: config.listen.insecure_tcp,
  retry: false,
});

/** As the agent does it. */
async function change(config: Config): Promise<void> {
  const opened = await doors.prepare(opening(config));
  const replace = generations.prepare(config);
  replace();
  opened.commit();
}

function channelTo(name: string): Channel {
  const text = address(name);
  const channel = new Channel([{ address: text, dial: dialer(parseAddress(text)) }]);
  channels.push(channel);
  return channel;
}

const say = (channel: Channel, text: string) => unary(channel, methods.unary, Buffer.from(text));

beforeEach(async () => {
  dir = await Deno.makeTempDir({ prefix: "gatehouse-generations-" });
  streamsOpen = 0;
  calls.length = 0;
  const config = configOf(["a"]);
  generations = new Generations(config, {
    hooks: { onCall: ({ callId }) => calls.push(callId) },
    addServices: (server) =>
      server.addService(definition, {
        unary: (call: Unary, callback: Callback) => setTimeout(() => callback(null, call.request), 1),
        bidi: (call: ServerDuplexStream<Buffer, Buffer>) => {
          streamsOpen++;
          call.on("data", (bytes: Buffer) => call.write(bytes));
          call.on("end", () => call.end());
          call.on("close", () => streamsOpen--);
        },
        clientStream: () => {},
        serverStream: () => {},
      }),
  });
  doors = new Doors({
    log: silent,
    serve: (conn) => generations.handle(conn),
    handshakeTimeoutMs: () => 1_000,
  });
  (await doors.prepare(opening(config))).commit();
});
afterEach(async () => {
  for (const channel of channels.splice(0)) channel.close();
  const closed = doors.close();
  await generations.shutdown(0);
  await closed;
  await Deno.remove(dir, { recursive: true });
});

describe("a changed configuration", () => {
  test("loses no call of clients that go on and on through ten changes", async () => {
    let running = true;
    const counts = await Promise.all(
      Array.from({ length: 4 }, () => channelTo("a")).map(async (channel, index) => {
        let calls = 0;
        if (index === 0) {
          for (let limit = 50; limit < 60; limit++) {
            await change(configOf(["a"], `max_connections = ${limit}`));
            for (let i = 0; i < 20; i++) await say(channel, "hello");
          }
          running = false;
        }
        // The others' calls fall into every moment of a change.
        for (; running; calls++) expect(String(await say(channel, `call ${calls}`))).toBe(`call ${calls}`);
        return calls;
      }),
    );
    expect(Math.min(...counts.slice(1))).toBeGreaterThan(10);
  });

  test("lets a stream that is open finish, while new connections come to the new limits", async () => {
    const before = channelTo("a");
    const stream = bidi(before, methods.bidi);
    const answers = stream[Symbol.asyncIterator]();
    await stream.send(Buffer.from("one"));
    expect(String((await answers.next()).value)).toBe("one");
    await change(configOf(["a"], "max_receive_message_bytes = 2048"));
    await stream.send(Buffer.alloc(10_000, "x"));
    expect((await answers.next()).value?.length).toBe(10_000);
    await expect(say(channelTo("a"), "y".repeat(10_000))).rejects.toMatchObject({ code: 8 });
    stream.halfClose();
    expect((await answers.next()).done).toBe(true);
    // The same channel goes on over a new connection.
    await expect(say(before, "y".repeat(10_000))).rejects.toMatchObject({ code: 8 });
    expect(String(await say(before, "small"))).toBe("small");
  });

  test("cuts the streams of the generation before the last when the next one comes", async () => {
    const stream = bidi(channelTo("a"), methods.bidi);
    await stream.send(Buffer.from("one"));
    const answers = stream[Symbol.asyncIterator]();
    await answers.next();
    await change(configOf(["a"], "max_connections = 50"));
    expect(streamsOpen).toBe(1);
    await change(configOf(["a"], "max_connections = 51"));
    await expect(answers.next()).rejects.toMatchObject({ code: 14 });
    await vi.waitFor(() => expect(streamsOpen).toBe(0));
  });

  test("numbers the calls of the new server on from those of the old one, with which it shares its bounds", async () => {
    await say(channelTo("a"), "one");
    const stream = bidi(channelTo("a"), methods.bidi);
    const answers = stream[Symbol.asyncIterator]();
    await stream.send(Buffer.from("open"));
    await answers.next();
    await change(configOf(["a"], "max_connections = 50"));
    await say(channelTo("a"), "two");
    stream.halfClose();
    await answers.next();
    await vi.waitFor(() => expect(calls).toEqual([1, 2, 3]));
  });

  test("that only adds an address disturbs no connection, and its stream lives through the next change too", async () => {
    const stream = bidi(channelTo("a"), methods.bidi);
    const answers = stream[Symbol.asyncIterator]();
    for (const names of [["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d"]]) {
      await change(configOf(names));
      await stream.send(Buffer.from("still"));
      expect(String((await answers.next()).value)).toBe("still");
      expect(String(await say(channelTo(names.at(-1)!), "new"))).toBe("new");
    }
    expect(doors.open.map(({ connections }) => connections)).toEqual([1, 1, 1, 1]);
    stream.cancel();
  });

  test("without an address that was there tells its callers to go, and nobody gets in there any more", async () => {
    await change(configOf(["a", "b"]));
    const channel = channelTo("b");
    await say(channel, "hello");
    await change(configOf(["a"]));
    await vi.waitFor(() => expect(say(channel, "again")).rejects.toMatchObject({ code: 14 }));
    expect(doors.open.map((door) => door.address)).toEqual([address("a")]);
  });
});

describe("an address that can't be opened", () => {
  test("leaves every door as it was, and closes what was opened for it", async () => {
    await Deno.writeTextFile(join(dir, "taken"), "no socket");
    await expect(change(configOf(["a", "b", "taken"]))).rejects.toThrow(/can't listen at/);
    expect(doors.open.map((door) => door.address)).toEqual([address("a")]);
    expect(String(await say(channelTo("a"), "still here"))).toBe("still here");
    await expect(Deno.lstat(join(dir, "b"))).rejects.toThrow(Deno.errors.NotFound);
  });

  test("because one that goes holds it is opened in its place", async () => {
    const list = (key: string) => `[listen]\n${key} = ${JSON.stringify([address("b")])}\n`;
    await change(loadConfig(`${list("proxied")}addresses = ${JSON.stringify([address("a")])}\n`, "test"));
    await change(loadConfig(list("addresses"), "test"));
    expect(String(await say(channelTo("b"), "plain now"))).toBe("plain now");
    expect(doors.open).toHaveLength(1);
  });

  test("in the place of one that goes brings that one back", async () => {
    const tcp = (host: string, port: number) =>
      loadConfig(`[listen]\naddresses = ["tcp://${host}:${port}"]\ninsecure_tcp = true\n`, "test");
    const other = Deno.listen({ hostname: "127.0.0.2", port: 0 });
    const { port } = other.addr as Deno.NetAddr;
    await change(tcp("127.0.0.1", port));
    await expect(change(tcp("0.0.0.0", port))).rejects.toThrow(/can't listen at/);
    other.close();
    const own = `tcp://127.0.0.1:${port}`;
    expect(doors.open.map((door) => door.address)).toEqual([own]);
    const channel = new Channel([{ address: own, dial: dialer(parseAddress(own)) }]);
    channels.push(channel);
    expect(String(await say(channel, "back"))).toBe("back");
  });
});
