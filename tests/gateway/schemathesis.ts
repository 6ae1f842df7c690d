// Schemathesis against `gatehouse serve`: requests made from the OpenAPI document, right ones and wrong ones, none of which
// may be answered by a 500 or by what the document doesn't say. `deno task schemathesis` runs it for five minutes.
// Must never count a run that made no requests.
import { join } from "node:path";
import { readPrivateKey } from "../../src/authority/private_key.ts";
import { note } from "../../src/cli/output.ts";
import { parseAddress } from "../../src/transport/address.ts";
import { dialer } from "../../src/transport/dial.ts";
import { startServe } from "../lib/serve.ts";
import { schemathesis } from "../lib/tools.ts";
import { startRelay } from "./relay.ts";

const DEFAULT_SECONDS = 300;

/**
 * What is held against each answer. Not whether wrong requests are refused: JSON of proto3 takes more forms than the
 * document names (numbers for strings, null for nothing).
 */
const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_headers_conformance",
  "response_schema_conformance",
  "unsupported_method",
  "allow_header_conformance",
];

/** What would end the run, or most of its time: another configuration, and profiles of as many seconds as are asked for. */
const LEFT_OUT = [
  "gatehouse.v1.Config.Apply",
  "gatehouse.v1.Config.Rollback",
  "gatehouse.v1.Diagnostics.ProfileCpu",
  "gatehouse.v1.Diagnostics.SnapshotHeap",
];

export interface SchemathesisRun {
  /** 0: nothing was found. */
  readonly code: number;
  /** What it printed. */
  readonly text: string;
  /** How many answers had which code of HTTP. */
  readonly codes: ReadonlyMap<number, number>;
}

/** @param show whether it is seen while it runs */
export async function runSchemathesis(
  program: string,
  seconds: number,
  show: boolean,
): Promise<SchemathesisRun> {
  const dir = await Deno.makeTempDir({ prefix: "gatehouse-schemathesis-" });
  const gateway = `unix://${join(dir, "http.sock")}`;
  const serving = await startServe(`[gateway]\naddresses = ["${gateway}"]\n`, { dir });
  try {
    const { proving } = await readPrivateKey(await Deno.readTextFile(serving.adminKey));
    const relay = await startRelay(dialer(parseAddress(gateway)), proving);
    try {
      const child = new Deno.Command(program, {
        args: [
          ...[
            "run",
            `${relay.url}/openapi.json`,
            "--max-time",
            String(seconds),
            "--checks",
            CHECKS.join(","),
          ],
          ...LEFT_OUT.flatMap((id) => ["--exclude-operation-id", id]),
          ...[
            "--continue-on-failure",
            "--request-timeout",
            "20",
            "--no-color",
            "--phases",
            "examples,coverage,fuzzing",
          ],
        ],
        cwd: dir,
        stdout: "piped",
        stderr: "inherit",
      }).spawn();
      let text = "";
      for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
        text += part;
        if (show) note(part.trimEnd());
      }
      return { code: (await child.status).code, text, codes: relay.codes };
    } finally {
      await relay.close();
    }
  } finally {
    await serving.stop();
    await Deno.remove(dir, { recursive: true });
  }
}

if (import.meta.main) {
  const tool = await schemathesis();
  if ("reason" in tool) throw new Error(tool.reason);
  const { code, codes } = await runSchemathesis(tool.path, Number(Deno.args[0] ?? DEFAULT_SECONDS), true);
  note(`answers by HTTP code: ${[...codes].sort().map(([each, count]) => `${each}: ${count}`).join(", ")}`);
  Deno.exit(code);
}
