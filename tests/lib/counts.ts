// How many tests a runner ran, from what it reports. Must never take a test
// that didn't run for one that passed.

export interface SkippedTest {
  name: string;
  /** The test's own words; absent when it gave none. */
  reason?: string;
}

export interface Counts {
  passed: number;
  failed: number;
  skipped: SkippedTest[];
}

export const noTests = (): Counts => ({ passed: 0, failed: 0, skipped: [] });

export function addCounts(to: Counts, more: Counts): void {
  to.passed += more.passed;
  to.failed += more.failed;
  to.skipped.push(...more.skipped);
}

/** What is read of the report that json_reporter.ts writes. */
interface VitestReport {
  testResults: {
    assertionResults: { fullName: string; status: string; meta?: { note?: string } }[];
  }[];
}

export function vitestCounts(report: string): Counts {
  const counts = noTests();
  for (const { assertionResults } of (JSON.parse(report) as VitestReport).testResults) {
    for (const { fullName, status, meta } of assertionResults) {
      if (status === "passed") counts.passed++;
      else if (status === "failed") counts.failed++;
      else counts.skipped.push({ name: fullName, reason: meta?.note ?? whyNotRun(status) });
    }
  }
  return counts;
}

function whyNotRun(status: string): string | undefined {
  if (status === "skipped") return undefined;
  return status === "todo" ? "not written yet" : "did not come to its end";
}

/** From what `cargo test` prints: a result line for each program, a line for each ignored test. */
export function cargoCounts(output: string): Counts {
  const counts = noTests();
  let ignored = 0;
  for (const [, passed, failed, left] of output.matchAll(RESULT)) {
    counts.passed += Number(passed);
    counts.failed += Number(failed);
    ignored += Number(left);
  }
  for (const [, name, reason] of output.matchAll(IGNORED)) counts.skipped.push({ name, reason });
  // A test's own output can break its line; the result line still counts it.
  while (counts.skipped.length < ignored) counts.skipped.push({ name: "a test of Rust", reason: "ignored" });
  return counts;
}

const RESULT = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;/gm;
const IGNORED = /^test (.+) \.\.\. ignored(?:, (.+))?$/gm;
