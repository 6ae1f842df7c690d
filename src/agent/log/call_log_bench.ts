// Cost of the call log: `deno run src/agent/log/call_log_bench.ts` prints nanoseconds per finished call.
// Must never write what it makes: the output counts bytes, so that the figure is the log's and not a disk's.
import { callLogger, type CallRecord } from "./call_log.ts";
import { createLog } from "./log.ts";

const CALLS = 200_000;
const ROUNDS = 5;

const record: CallRecord = {
  callId: 184467,
  known: true,
  peer: { transport: "tcp", address: "tcp://127.0.0.1:43210" },
  method: "/echo.EchoService/Echo",
  status: 0,
  durationMs: 1.2345,
};
const hostile: CallRecord = { ...record, method: `/x\n\u009b31m${"é".repeat(4000)}`, status: 12 };

const log = createLog({ format: "json", output: { write: (bytes) => Promise.resolve(bytes.length) } });
const never = () => () => {};
const unbounded = callLogger(log.component("call"), { calls: "all", callsPerSecond: Infinity, after: never });
const used = callLogger(log.component("call"), { calls: "all", callsPerSecond: 0, after: never });
const errors = callLogger(log.component("call"), { calls: "errors", callsPerSecond: 100, after: never });

/** Best round's nanoseconds a call; the output drains between slices, as it does between turns of a server. */
async function measure(onCall: (record: CallRecord) => void, call: CallRecord): Promise<number> {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    let spentMs = 0;
    for (let done = 0; done < CALLS; done += 100) {
      const start = performance.now();
      for (let i = 0; i < 100; i++) onCall(call);
      await log.flush(1000);
      spentMs += performance.now() - start;
    }
    best = Math.min(best, (spentMs / CALLS) * 1e6);
  }
  return Math.round(best);
}

// deno-lint-ignore no-console
const say = console.log;
say(`logged, ordinary call      ${await measure(unbounded, record)} ns`);
say(`logged, hostile method     ${await measure(unbounded, hostile)} ns`);
say(`suppressed by the bound    ${await measure(used, record)} ns`);
say(`not logged (errors only)   ${await measure(errors, record)} ns`);
if (log.lost > 0) say(`${log.lost} lines lost: the figures are too low`);
