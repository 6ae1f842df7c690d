// Stubs that grpc-js and protobufjs generate, as they are, over the channel.
import {
  type CallProperties,
  type Client,
  connectivityState,
  credentials,
  InterceptingCall,
  type Interceptor,
  ListenerBuilder,
  loadPackageDefinition,
  makeClientConstructor,
  type Metadata,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import protobuf, { type Message, type Type } from "protobufjs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Channel } from "./channel.ts";
import { MemoryListener } from "./conn_pair.ts";
import { protobufRpc } from "./protobufjs_rpc.ts";
import { Server } from "./server.ts";

const schema = {
  nested: {
    greet: {
      nested: {
        Request: { fields: { name: { type: "string", id: 1 }, count: { type: "int32", id: 2 } } },
        Reply: { fields: { text: { type: "string", id: 1 } } },
        Greeter: {
          methods: {
            Greet: { requestType: "Request", responseType: "Reply" },
            GreetMany: { requestType: "Request", responseType: "Reply", responseStream: true },
            GreetAll: { requestType: "Request", responseType: "Reply", requestStream: true },
            Chat: {
              requestType: "Request",
              responseType: "Reply",
              requestStream: true,
              responseStream: true,
            },
          },
        },
      },
    },
  },
};

interface Request {
  name: string;
  count?: number;
}
interface Reply {
  text: string;
}

const packageDefinition = fromJSON(schema as unknown as Parameters<typeof fromJSON>[0]);
const loaded = loadPackageDefinition(packageDefinition) as unknown as {
  greet: { Greeter: ReturnType<typeof makeClientConstructor> };
};

let hanging = 0;
let cancelled = 0;
const server = new Server();
server.addService(loaded.greet.Greeter.service, {
  greet(call: ServerUnaryCall<Request, Reply>, callback: sendUnaryData<Reply>) {
    call.on("cancelled", () => cancelled++);
    const { name } = call.request;
    if (name === "hang") return void hanging++;
    if (name === "nobody") return callback({ code: status.NOT_FOUND, details: "nobody is not here" });
    callback(null, { text: `hi ${name}${call.metadata.get("x-mark").join("")}` });
  },
  greetMany(call: ServerWritableStream<Request, Reply>) {
    call.on("cancelled", () => cancelled++);
    for (let i = 0; i < (call.request.count ?? 0); i++) call.write({ text: `${call.request.name} ${i}` });
    if (call.request.name !== "hang") call.end();
  },
  greetAll(call: ServerReadableStream<Request, Reply>, callback: sendUnaryData<Reply>) {
    const names: string[] = [];
    call.on("data", ({ name }: Request) => names.push(name));
    call.on("end", () => callback(null, { text: names.join("+") }));
  },
  chat(call: ServerDuplexStream<Request, Reply>) {
    call.on("data", ({ name }: Request) => call.write({ text: name }));
    call.on("end", () => call.end());
  },
});
const listener = new MemoryListener();
let channel: Channel;
beforeAll(() => void server.serve(listener));
beforeEach(() => {
  channel = new Channel([{ address: listener.address, dial: listener.dial }]);
});
afterEach(() => {
  expect(channel.counts).toEqual({ waiting: 0, open: 0, deadlines: 0 });
  channel.close();
});
afterAll(() => server.shutdown(100));

/** As a generated client is typed. */
interface GreeterClient extends Client {
  greet(request: Request, callback: (error: ServiceError | null, reply?: Reply) => void): { cancel(): void };
  greet(
    request: Request,
    options: { interceptors?: Interceptor[]; deadline?: number },
    callback: (error: ServiceError | null, reply?: Reply) => void,
  ): void;
  greetMany(request: Request): AsyncIterable<Reply> & { cancel(): void };
  greetAll(callback: (error: ServiceError | null, reply?: Reply) => void): {
    write(request: Request): void;
    end(): void;
  };
  chat(): AsyncIterable<Reply> & { write(request: Request): void; end(): void };
}

const kinds = {
  loadPackageDefinition: loaded.greet.Greeter,
  makeClientConstructor: makeClientConstructor(loaded.greet.Greeter.service, "Greeter"),
};

describe.each(Object.entries(kinds))("a stub of grpc-js's %s", (_name, Stub) => {
  const stub = (interceptors: Interceptor[] = []) =>
    new Stub("unused", credentials.createInsecure(), {
      channelOverride: channel,
      interceptors,
    }) as unknown as GreeterClient;
  const greet = (client: GreeterClient, name: string) =>
    new Promise<string | undefined>((resolve, reject) => {
      client.greet({ name }, (error, reply) => error ? reject(error) : resolve(reply?.text));
    });

  it("makes calls of all four kinds", async () => {
    const client = stub();
    expect(await greet(client, "Ann")).toBe("hi Ann");
    const many: string[] = [];
    for await (const { text } of client.greetMany({ name: "Bob", count: 3 })) many.push(text);
    expect(many).toEqual(["Bob 0", "Bob 1", "Bob 2"]);
    const all = await new Promise<string | undefined>((resolve, reject) => {
      const call = client.greetAll((error, reply) => error ? reject(error) : resolve(reply?.text));
      for (const name of ["a", "b", "c"]) call.write({ name });
      call.end();
    });
    expect(all).toBe("a+b+c");
    const chat = client.chat();
    chat.write({ name: "x" });
    chat.write({ name: "y" });
    chat.end();
    const echoed: string[] = [];
    for await (const { text } of chat) echoed.push(text);
    expect(echoed).toEqual(["x", "y"]);
  });

  it("gets errors as grpc-js gives them", async () => {
    await expect(greet(stub(), "nobody")).rejects.toMatchObject({
      code: status.NOT_FOUND,
      details: "nobody is not here",
      message: "5 NOT_FOUND: nobody is not here",
    });
  });

  it("runs its interceptors, the client's and the call's", async () => {
    const seen: string[] = [];
    const mark: Interceptor = (options, nextCall) =>
      new InterceptingCall(nextCall(options), {
        start(metadata: Metadata, _listener, next) {
          metadata.set("x-mark", "!");
          const listener = new ListenerBuilder().withOnReceiveStatus((ending, further) => {
            seen.push(status[ending.code]);
            further(ending);
          });
          next(metadata, listener.build());
        },
      });
    expect(await greet(stub([mark]), "Ann")).toBe("hi Ann!");
    const reply = await new Promise<string | undefined>((resolve, reject) => {
      stub().greet(
        { name: "Ann" },
        { interceptors: [mark] },
        (error, one) => error ? reject(error) : resolve(one?.text),
      );
    });
    expect(reply).toBe("hi Ann!");
    expect(seen).toEqual(["OK", "OK"]);
  });

  it("lets callInvocationTransformer see the call", async () => {
    const paths: string[] = [];
    const client = new Stub("unused", credentials.createInsecure(), {
      channelOverride: channel,
      callInvocationTransformer(properties: CallProperties<unknown, unknown>) {
        paths.push(properties.methodDefinition.path);
        return properties;
      },
    }) as unknown as GreeterClient;
    await greet(client, "Ann");
    expect(paths).toEqual(["/greet.Greeter/Greet"]);
  });

  it("waits for readiness, and closes the channel", async () => {
    const client = stub();
    await new Promise<void>((resolve, reject) =>
      client.waitForReady(Date.now() + 2_000, (error) => error ? reject(error) : resolve())
    );
    expect(client.getChannel()).toBe(channel);
    client.close();
    expect(channel.getConnectivityState(false)).toBe(connectivityState.SHUTDOWN);
    expect(() => client.greet({ name: "late" }, () => {})).toThrow("shut down");
  });

  it("cancels, and ends at its deadline", async () => {
    const client = stub();
    const before = { hanging, cancelled };
    const deadline = await new Promise<ServiceError | null>((resolve) =>
      client.greet({ name: "hang" }, { deadline: Date.now() + 30 }, resolve)
    );
    expect(deadline?.code).toBe(status.DEADLINE_EXCEEDED);
    const error = await new Promise<ServiceError | null>((resolve) => {
      const call = client.greet({ name: "hang" }, resolve);
      setTimeout(() => call.cancel(), 10);
    });
    expect(error?.code).toBe(status.CANCELLED);
    const stream = client.greetMany({ name: "hang", count: 1 });
    // grpc-js's streams don't cancel when a loop is left, here as little as there: the caller says it.
    await expect((async () => {
      for await (const _ of stream) stream.cancel();
    })()).rejects.toMatchObject({ code: status.CANCELLED });
    await expect.poll(() => cancelled - before.cancelled).toBe(3);
    expect(hanging - before.hanging).toBe(2);
  });
});

describe("a protobufjs service", () => {
  const root = protobuf.Root.fromJSON(schema);
  const reflected = root.lookupService("greet.Greeter");
  type Callback = (error: Error | null, reply?: Message) => void;
  interface Greeter extends protobuf.rpc.Service {
    greet(request: object): Promise<Message>;
    greetMany(request: object, callback: Callback): void;
  }
  const create = () => reflected.create(protobufRpc(channel)) as Greeter;
  const textOf = (reply: Message | undefined) => (reply as unknown as Reply).text;

  it("made by reflection calls, with promises and with errors", async () => {
    const greeter = create();
    expect(textOf(await greeter.greet({ name: "Ann" }))).toBe("hi Ann");
    await expect(greeter.greet({ name: "nobody" })).rejects.toMatchObject({
      name: "GrpcError",
      code: status.NOT_FOUND,
    });
  });

  it("gives each message of a stream, and ends with it", async () => {
    const greeter = create();
    const texts: string[] = [];
    const ended = new Promise<void>((resolve) => greeter.on("end", () => resolve()));
    greeter.greetMany({ name: "Bob", count: 3 }, (_error, reply) => texts.push(textOf(reply)));
    await ended;
    expect(texts).toEqual(["Bob 0", "Bob 1", "Bob 2"]);
  });

  it("cancels its calls when it is ended", async () => {
    const greeter = create();
    const before = { hanging, cancelled };
    const call = greeter.greet({ name: "hang" });
    await expect.poll(() => hanging).toBe(before.hanging + 1);
    greeter.end();
    await expect(call).rejects.toMatchObject({ code: status.CANCELLED });
    await expect.poll(() => cancelled).toBe(before.cancelled + 1);
  });

  it("generated as static code calls, and is refused when it is too old", async () => {
    // The shape that pbjs -t static-module writes: a function for each method, its properties set by hand.
    const ctorOf = (name: string) => (root.lookup(name) as Type).ctor;
    type RpcCall = (...values: unknown[]) => Promise<Message>;
    class StaticGreeter extends protobuf.rpc.Service {
      call(method: object, request: object, callback?: Callback): Promise<Message> {
        const call = this.rpcCall as unknown as RpcCall;
        return call.call(this, method, ctorOf("greet.Request"), ctorOf("greet.Reply"), request, callback);
      }
    }
    const method = (name: string, more: object) =>
      Object.defineProperty(Object.assign(() => {}, more), "name", { value: name });
    const greeter = new StaticGreeter(protobufRpc(channel, { deadlineMs: 5_000 }));
    const greet = method("Greet", { path: "/greet.Greeter/Greet" });
    expect(textOf(await greeter.call(greet, { name: "Ann" }))).toBe("hi Ann");
    await expect(greeter.call(method("Greet", {}), { name: "Ann" })).rejects.toThrow(
      "generate it with protobufjs 8",
    );
    const texts: string[] = [];
    const ended = new Promise<void>((resolve) => greeter.on("end", () => resolve()));
    const greetMany = method("GreetMany", { path: "/greet.Greeter/GreetMany", responseStream: true });
    void greeter.call(greetMany, { name: "Bob", count: 2 }, (_error, reply) => texts.push(textOf(reply)));
    await ended;
    expect(texts).toEqual(["Bob 0", "Bob 1"]);
  });
});
