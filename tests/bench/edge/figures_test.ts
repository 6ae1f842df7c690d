import { expect, test } from "vitest";
import { doorFigures, type LoadReport, readLoad, TASKS } from "./figures.ts";
import { readyAddress } from "./servers.ts";

const report = (more: Partial<LoadReport>) =>
  JSON.stringify({ units: 200, seconds: 2, server_cpu_seconds: 0.5, own_cpu_seconds: 1, ...more });
const task = (name: string) => {
  const found = TASKS.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no task ${name}`);
  return found;
};

test("a server that doesn't resume when asked to, or does when not, gives no figure", () => {
  expect(readLoad(report({ resumed: 199 }), task("resumed, 1.3")).resumed).toBe(199);
  expect(() => readLoad(report({ resumed: 190 }), task("resumed, 1.3"))).toThrow("95%");
  expect(() => readLoad(report({ resumed: 2 }), task("full, 1.2"))).toThrow("resumed");
  expect(readLoad(report({}), task("client to backend")).units).toBe(200);
});

test("a report of nothing gives no figure", () => {
  expect(() => readLoad(report({ units: 0 }), task("full, 1.3"))).toThrow("nothing");
});

test("the median of the rounds counts, of rate and CPU each by itself", () => {
  const runs = [report({}), report({ units: 400 }), report({ units: 100, server_cpu_seconds: 2 })]
    .map((text) => JSON.parse(text) as LoadReport);
  expect(doorFigures(runs)).toEqual({
    rate: 100,
    cpu: 0.0025,
    serverShare: 0.25,
    clientShare: 0.5,
    lowest: 50,
    highest: 200,
  });
});

test("the edge's address is read from the line that says it is ready, and from no other", () => {
  const before =
    '{"time":"t","level":"info","component":"edge","message":"starting","addresses":["1.2.3.4:5"]}\n';
  const ready =
    '{"time":"t","level":"info","component":"edge","message":"ready","addresses":["127.0.0.1:41"]}\n';
  expect(readyAddress(before)).toBeUndefined();
  expect(readyAddress(before + ready)).toBe("127.0.0.1:41");
});
