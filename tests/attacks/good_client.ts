// The good client's process, as its parent sees it.
import { REPO_ROOT } from "../../src/cli/root.ts";
import type { GoodCount } from "./good_caller.ts";

const NEWLINE = Uint8Array.of(10);

export class GoodClient {
  readonly #child: Deno.ChildProcess;
  readonly #ask: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(address: string) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--allow-all", `--config=${REPO_ROOT}/deno.json`],
        ...[`${REPO_ROOT}/tests/attacks/good_caller.ts`, address],
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#ask = this.#child.stdin.getWriter();
    this.#answers = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** What it has done so far. @throws Error when it has ended */
  async count(): Promise<GoodCount> {
    await this.#ask.write(NEWLINE);
    while (!this.#text.includes("\n")) {
      const { value, done } = await this.#answers.read();
      if (done) throw new Error("the good client has ended; its error is above");
      this.#text += value;
    }
    const end = this.#text.indexOf("\n");
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    return JSON.parse(line) as GoodCount;
  }

  async stop(): Promise<void> {
    await this.#ask.close();
    await this.#child.status;
    await this.#answers.cancel();
  }
}
