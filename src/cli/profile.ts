// gatehouse profile: where the agent's time goes, or what its memory holds, as a file for Chrome's DevTools.
import type { Command } from "commander";
import { writeNew } from "../files/streamed_file.ts";
import { exists } from "../files/write_once.ts";
import type { DiagnosticsChunk, ProfileCpuRequestInit, SnapshotHeapRequestInit } from "../proto/mod.ts";
import { MAX_PROFILE_SECONDS } from "../services/diagnostics.ts";
import { GatehouseError } from "../vm/errors.ts";
import { type AdminClient, type AdminOptions, adminOptions, withAdmin } from "./admin_client.ts";
import { action, wholeNumber } from "./command.ts";
import { note, print, printJson } from "./output.ts";
import { withProgress } from "./signing/late_progress.ts";

interface ProfileOptions extends AdminOptions {
  seconds?: string;
  heap?: boolean;
  output?: string;
}

const DEFAULT_SECONDS = 30;

export function register(program: Command): void {
  adminOptions(program.command("profile"))
    .summary("where the agent's time goes, or what its memory holds, as a file for Chrome's DevTools")
    .option("--seconds <n>", `profile so long, 1 to ${MAX_PROFILE_SECONDS} (default: ${DEFAULT_SECONDS})`)
    .option("--heap", "a heap snapshot instead; the agent stands still for some seconds")
    .option(
      "-o, --output <file>",
      "a file that isn't there yet, written 0600 (default: gatehouse-TIME.cpuprofile or .heapsnapshot)",
    )
    .addHelpText(
      "after",
      `
Open the file in Chrome: DevTools, Performance (or Memory), Load. A heap snapshot has every text in the agent's
memory but private keys in PEM: treat the file as a secret.

Examples:
  gatehouse profile --seconds 30
  gatehouse profile --seconds 5 --output under-load.cpuprofile --json
  gatehouse profile --heap`,
    )
    .action(action(async ({ json, signal }, options: ProfileOptions) => {
      const { heap = false } = options;
      if (heap && options.seconds !== undefined) {
        throw new GatehouseError(
          "bad-argument",
          "--heap and --seconds don't go together: a snapshot is of one moment",
          "leave one of them out",
        );
      }
      const seconds = wholeNumber(
        "--seconds",
        options.seconds ?? `${DEFAULT_SECONDS}`,
        1,
        MAX_PROFILE_SECONDS,
      );
      const file = options.output ?? defaultFile(heap);
      if (await exists(file)) {
        throw new GatehouseError(
          "bad-argument",
          `${file} is there already`,
          "name a file that isn't with --output",
        );
      }
      await withAdmin(options, signal, async (client) => {
        const { bytes, sha256 } = await writeNew(file, partsOf(client, heap, seconds, json));
        if (json) return printJson({ file, bytes, sha256, ...(!heap && { seconds }) });
        print(`${file}: ${bytes} bytes`);
        note(`Open it in Chrome: DevTools, ${heap ? "Memory" : "Performance"}, Load.`);
      });
    }));
}

function defaultFile(heap: boolean): string {
  const time = new Date().toISOString().replace(/\.\d+Z$/, "Z").replaceAll(":", "");
  return `gatehouse-${time}.${heap ? "heapsnapshot" : "cpuprofile"}`;
}

async function* partsOf(
  client: AdminClient,
  heap: boolean,
  seconds: number,
  json: boolean,
): AsyncGenerator<Uint8Array, void, void> {
  if (!heap && !json) note(`Profiling the agent for ${seconds} s ...`);
  const chunks = heap
    ? client.serverStream<SnapshotHeapRequestInit, DiagnosticsChunk>(
      "/gatehouse.v1.Diagnostics/SnapshotHeap",
      {},
    )
    : client.serverStream<ProfileCpuRequestInit, DiagnosticsChunk>("/gatehouse.v1.Diagnostics/ProfileCpu", {
      seconds,
    });
  const parts = async function* () {
    for await (const { data } of chunks) yield data;
  };
  yield* withProgress(heap ? "heap snapshot" : "profile", parts(), undefined);
}
