// What is said of a program's end: one that died is told and started again, one that was stopped with us is not.
import { expect, test } from "vitest";
import { Supervisor } from "./supervisor.ts";

async function started() {
  const lines: string[] = [];
  const supervisor = new Supervisor({
    name: "sleeper",
    program: {
      binary: "/bin/sh",
      args: ["-c", "echo ready $$; exec sleep 60"],
      isReady: (line) => line.startsWith("ready "),
    },
    startTimeoutMs: 10_000,
    stopGraceMs: 5_000,
    onLog: (line) => lines.push(line),
  });
  await supervisor.start();
  const kill = () => Deno.kill(Number(lines.at(-1)?.split(" ")[1]), "SIGTERM");
  return { supervisor, lines, kill };
}

test("a program that died is told, and started again", async () => {
  const { supervisor, lines, kill } = await started();
  kill();
  await expect.poll(() => lines.filter((line) => line.startsWith("ready ")).length).toBe(2);
  expect(lines[1]).toBe("the sleeper ended (143); starting it again");
  await supervisor.stop();
});

test("one that a signal to all of us ended is neither", async () => {
  const { supervisor, lines, kill } = await started();
  kill();
  await new Promise((resolve) => setTimeout(resolve, 10));
  await supervisor.stop();
  expect(lines).toEqual([expect.stringMatching(/^ready /)]);
});

test("one that says that only the operator can help is not started again", async () => {
  const lines: string[] = [];
  const supervisor = new Supervisor({
    name: "sleeper",
    program: {
      binary: "/bin/sh",
      args: ["-c", "echo ready; sleep 0.1; echo the store is damaged >&2; exit 65"],
      isReady: (line) => line === "ready",
    },
    finalExitCodes: [65],
    startTimeoutMs: 10_000,
    stopGraceMs: 5_000,
    onLog: (line) => lines.push(line),
  });
  await supervisor.start();
  await expect.poll(() => lines).toHaveLength(3);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(lines.filter((line) => line === "ready")).toHaveLength(1);
  expect(lines).toContain(
    "the sleeper ended (65) and is not started again; do what it says, then restart this",
  );
  await supervisor.stop();
});
