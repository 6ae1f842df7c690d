// One attempt: who ends it, and what becomes of what comes too late.
import { describe, expect, test } from "vitest";
import { attempt } from "./attempt.ts";
import { rejection } from "./test_peers.ts";

class Opened {
  closes = 0;
  close() {
    this.closes++;
  }
}

const late = () => new Error("too late");

describe("attempt", () => {
  test("gives what was opened in time, open", async () => {
    const opened = new Opened();
    const signal = new AbortController().signal;
    expect(await attempt(() => Promise.resolve(opened), { timeoutMs: 1000, signal }, late)).toBe(opened);
    expect(opened.closes).toBe(0);
  });

  test("closes what opens after the time limit, and tells the opener to stop", async () => {
    const opening = Promise.withResolvers<Opened>();
    let told: AbortSignal | undefined;
    const error = await rejection(attempt(
      (signal) => {
        told = signal;
        return opening.promise;
      },
      { timeoutMs: 5 },
      late,
    ));
    expect(error.message).toBe("too late");
    expect(told?.aborted).toBe(true);
    const opened = new Opened();
    opening.resolve(opened);
    await opening.promise;
    expect(opened.closes).toBe(1);
  });

  test("closes what opens after the signal was aborted", async () => {
    const opening = Promise.withResolvers<Opened>();
    const abort = new AbortController();
    const failed = rejection(attempt(() => opening.promise, { timeoutMs: 1000, signal: abort.signal }, late));
    const reason = new Error("enough");
    abort.abort(reason);
    expect(await failed).toBe(reason);
    const opened = new Opened();
    opening.resolve(opened);
    await opening.promise;
    expect(opened.closes).toBe(1);
  });

  test("opens nothing when the signal is aborted already", async () => {
    let opens = 0;
    const open = () => {
      opens++;
      return Promise.resolve(new Opened());
    };
    await rejection(attempt(open, { timeoutMs: 1000, signal: AbortSignal.abort() }, late));
    expect(opens).toBe(0);
  });
});
