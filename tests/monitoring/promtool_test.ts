// The rules by Prometheus' own tool: they are well formed, and each fires when it is to and not before.
import { join } from "node:path";
import { expect, it } from "vitest";
import { CATALOGUE } from "../../src/telemetry/catalogue.ts";
import { run } from "../lib/command.ts";
import { alertsText, alertTestsText, dashboardText, metricsIn, MONITORING } from "./files.ts";

const promtool = async (...args: string[]) => {
  const { code, out, err } = await run("promtool", args);
  return { code, text: out + err };
};

it("has a scrape configuration and rules that Prometheus reads", async () => {
  const config = await promtool("check", "config", "--syntax-only", join(MONITORING, "prometheus.yml"));
  expect(config.code, config.text).toBe(0);
  const rules = await promtool("check", "rules", join(MONITORING, "alerts.yml"));
  expect(rules.code, rules.text).toBe(0);
});

it("fires each alert when it is to and no other one", async () => {
  const { code, text } = await promtool("test", "rules", join(MONITORING, "alerts_test.yml"));
  expect(code, text).toBe(0);
});

it("has a test of each rule", () => {
  const rules = [...alertsText().matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const fired = [...alertTestsText().matchAll(/labels: 'ALERTS\{alertname="(\w+)"/g)].map(([, name]) => name);
  expect(rules.length).toBeGreaterThan(15);
  expect([...new Set(fired)].sort()).toEqual(rules.toSorted());
});

it("names no metric in a rule, a rule's test or the dashboard that no agent has", () => {
  const known = Object.keys(CATALOGUE);
  for (const text of [alertsText(), alertTestsText(), dashboardText()]) {
    const named = metricsIn(text);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  }
});
