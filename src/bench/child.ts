// Entry of a bench's further processes: does what the lines on standard input say (child_protocol.ts).
// Must end when its parent does, and leave Ctrl-C to it: the terminal sends that to all of them.
import { readLines } from "../vm/read_lines.ts";
import { failureOf, type FromChild, MAX_LINE_CHARS, type ToChild } from "./child_protocol.ts";
import { LocalWorker } from "./worker.ts";

const encoder = new TextEncoder();
let worker: LocalWorker | undefined;
const stopping = new AbortController();

function say(message: FromChild): void {
  const bytes = encoder.encode(JSON.stringify(message) + "\n");
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

async function obey(message: ToChild): Promise<void> {
  if ("stop" in message) return stopping.abort();
  if ("job" in message) {
    worker = new LocalWorker(message.job.options, message.job.index);
    await worker.connect();
    return say({ ready: true });
  }
  if (worker === undefined) throw new Error("a run before the job");
  const { service, startEpochMs } = message.run;
  say({ result: await worker.run(service, startEpochMs, (tick) => say({ tick }), stopping.signal) });
}

Deno.addSignalListener("SIGINT", () => {});
await readLines(Deno.stdin.readable, (line) => {
  // Not awaited: `stop` comes while a run goes on.
  obey(JSON.parse(line) as ToChild).catch((error) => say(failureOf(error)));
}, MAX_LINE_CHARS);
Deno.exit(0);
