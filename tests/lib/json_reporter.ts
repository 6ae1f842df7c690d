// Vitest's JSON report, with the reason beside each test that skipped itself:
// Vitest's own leaves it out. Must never change what a test's outcome is.
import { JsonReporter, type TestModule } from "vitest/node";

export default class extends JsonReporter {
  constructor() {
    super({});
  }

  override async onTestRunEnd(modules: readonly TestModule[]): Promise<void> {
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "skipped" && result.note) Object.assign(test.meta(), { note: result.note });
      }
    }
    await super.onTestRunEnd(modules);
  }
}
