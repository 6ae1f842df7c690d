// Unit tests stand beside their file as x_test.ts. What needs more than one
// module is in tests/, and tests/run.ts starts those that need a machine.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: {
    alias: { "@gatehouse/vsock": fileURLToPath(new URL("./vsock/mod.ts", import.meta.url)) },
  },
  test: {
    include: ["src/**/*_test.ts", "vsock/**/*_test.ts", "tests/**/*_test.ts"],
    pool: "forks",
    testTimeout: 10_000,
    // Hooks start and stop real programs.
    hookTimeout: 60_000,
  },
});
