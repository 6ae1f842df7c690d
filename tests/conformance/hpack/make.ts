// Makes corpus/: gives the stories to encoders that others wrote, and keeps their blocks.
// Must be run by hand: it needs Go, Python, Java with Maven, a C compiler with libnghttp2, and the network.
//
//   deno run -A tests/conformance/hpack/make.ts
import { stories } from "./stories.ts";

const HERE = new URL(".", import.meta.url).pathname;
const OUT = `${HERE}corpus`;
const WORK = await Deno.makeTempDir({ prefix: "hpack-corpus-" });
const GO_NET = "v0.62.0";
const PYTHON_HPACK = "4.2.0";
const NETTY = "4.1.128.Final";

/** One corpus file. */
export interface Corpus {
  encoder: string;
  version: string;
  /** By the story's name: its blocks in hexadecimal digits, one for each list. */
  blocks: Record<string, string[]>;
}

const hex = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0)).toHex();
const input = stories.map(({ events }) =>
  "story\n" +
  events.map((event) =>
    typeof event === "number"
      ? `table ${event}\n`
      : event.map(([name, value, secret]) => `field ${secret ? 1 : 0} ${hex(name)} ${hex(value)}\n`).join(
        "",
      ) + "end\n"
  ).join("")
).join("");

async function run(cwd: string, program: string, args: string[], stdin = ""): Promise<string> {
  const child = new Deno.Command(program, {
    args,
    cwd,
    stdin: stdin === "" ? "null" : "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const written = stdin === "" ? undefined : new Blob([stdin]).stream().pipeTo(child.stdin);
  const { code, stdout } = await child.output();
  await written;
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}`);
  return new TextDecoder().decode(stdout);
}

async function keep(file: string, encoder: string, version: string, output: string): Promise<void> {
  const lines = output.trimEnd().split("\n");
  const blocks: Corpus["blocks"] = {};
  for (const { name, events } of stories) {
    blocks[name] = lines.splice(0, events.filter((event) => typeof event !== "number").length);
  }
  if (lines.length > 0) throw new Error(`${encoder} gave ${lines.length} blocks too many`);
  const corpus: Corpus = { encoder, version, blocks };
  await Deno.writeTextFile(`${OUT}/${file}.json`, JSON.stringify(corpus, null, 2) + "\n");
}

await Deno.mkdir(OUT, { recursive: true });

await run(WORK, "cp", [`${HERE}encoders/encode.go`, "main.go"]);
await run(WORK, "go", ["mod", "init", "encode"]);
await run(WORK, "go", ["get", `golang.org/x/net@${GO_NET}`]);
await keep("go", "golang.org/x/net/http2/hpack", GO_NET, await run(WORK, "go", ["run", "."], input));

await run(WORK, "python3", ["-m", "venv", "venv"]);
await run(WORK, "venv/bin/pip", ["install", "--quiet", `hpack==${PYTHON_HPACK}`]);
const python = (...args: string[]) =>
  run(WORK, "venv/bin/python", [`${HERE}encoders/encode.py`, ...args], input);
await keep("python", "hpack (python-hyper)", PYTHON_HPACK, await python());
await keep("python_plain", "hpack (python-hyper), without Huffman", PYTHON_HPACK, await python("plain"));

await run(WORK, "cc", ["-O1", "-Wall", "-o", "encode", `${HERE}encoders/encode.c`, "-lnghttp2"]);
const nghttp2 = (await run(WORK, "pkg-config", ["--modversion", "libnghttp2"])).trim();
await keep("nghttp2", "nghttp2", nghttp2, await run(WORK, "./encode", [], input));

await Deno.writeTextFile(
  `${WORK}/pom.xml`,
  `<project><modelVersion>4.0.0</modelVersion>
<groupId>g</groupId><artifactId>a</artifactId><version>1</version><dependencies><dependency>
<groupId>io.netty</groupId><artifactId>netty-codec-http2</artifactId><version>${NETTY}</version>
</dependency></dependencies></project>`,
);
await run(WORK, "mvn", ["-q", "dependency:copy-dependencies", "-DoutputDirectory=jars"]);
await run(WORK, "javac", ["-cp", "jars/*", "-d", ".", `${HERE}encoders/Encode.java`]);
await keep(
  "netty",
  "netty-codec-http2",
  NETTY,
  await run(WORK, "java", ["-cp", "jars/*:.", "Encode"], input),
);

await Deno.remove(WORK, { recursive: true });
