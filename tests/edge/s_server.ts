// `openssl s_server` with a certificate of the test's choice: what a client of ours meets when it is deceived.
import { type Authority, type Identity, serverOf } from "./pki.ts";

export class TlsServer {
  private constructor(readonly at: string, private readonly child: Deno.ChildProcess) {}

  /** @param more e.g. a version */
  static async start(root: Authority, more: string[] = [], identity?: Identity): Promise<TlsServer> {
    const server = identity ?? await root.issue("localhost", { extensions: serverOf("DNS:localhost") });
    const child = new Deno.Command("openssl", {
      args: [
        ...["s_server", "-accept", "127.0.0.1:0", "-cert", server.chainFile, "-cert_chain", server.chainFile],
        ...["-key", server.key, "-alpn", "h2", ...more],
      ],
      stdin: "piped", // an end of its input would end it
      stdout: "piped",
      stderr: "null",
    }).spawn();
    let text = "";
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    while (true) {
      const at = /ACCEPT (\S+)\n/.exec(text)?.[1];
      if (at) {
        void drain(reader);
        return new TlsServer(at, child);
      }
      const { value, done } = await reader.read();
      if (done) throw new Error(`openssl s_server ended: ${text}`);
      text += value;
    }
  }

  async stop(): Promise<void> {
    await this.child.stdin.close();
    this.child.kill("SIGKILL");
    await this.child.status;
  }
}

async function drain(reader: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await reader.read()).done);
}
