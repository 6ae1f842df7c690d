// Server-sent events as they arrive (WHATWG HTML, 9.2.6), for fetch: EventSource sends no headers, and a proof is one.
// Must never hold more of a line than its bound: what streams is the server's, and may be any.

/** An event of ours is some hundred bytes, its message bounded; what is longer is no event of this server. */
export const MAX_EVENT_UNITS = 1024 * 1024;

export interface ServerSentEvent {
  /** "message" where the stream names none. */
  readonly event: string;
  readonly data: string;
  /** The last one that the stream gave. */
  readonly id: string;
}

export class SseParser {
  #rest = "";
  #data: string[] = [];
  #units = 0;
  #event = "";
  #id = "";
  #begun = false;
  /** What the server asks a client to wait before it comes again, milliseconds. */
  retryMs: number | undefined;

  /** The events that this part of the stream completed. @throws Error when one is longer than MAX_EVENT_UNITS */
  push(text: string): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    this.#rest += this.#begun ? text : text.replace(/^\ufeff/, "");
    this.#begun ||= text !== "";
    let from = 0;
    for (;;) {
      const end = this.#lineEnd(from);
      if (end === undefined) break;
      const done = this.#line(this.#rest.slice(from, end.at));
      if (done !== undefined) events.push(done);
      from = end.next;
    }
    this.#rest = this.#rest.slice(from);
    if (this.#rest.length + this.#units > MAX_EVENT_UNITS) {
      throw new Error(`an event exceeds ${MAX_EVENT_UNITS} characters`);
    }
    return events;
  }

  /** A CR at the end of what is there may be the first half of CR LF: it waits for what follows. */
  #lineEnd(from: number): { at: number; next: number } | undefined {
    for (let at = from; at < this.#rest.length; at++) {
      const code = this.#rest.charCodeAt(at);
      if (code === 0x0a) return { at, next: at + 1 };
      if (code !== 0x0d) continue;
      if (at + 1 === this.#rest.length) return undefined;
      return { at, next: this.#rest.charCodeAt(at + 1) === 0x0a ? at + 2 : at + 1 };
    }
    return undefined;
  }

  #line(line: string): ServerSentEvent | undefined {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return undefined; // a comment, which keeps the connection alive
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#event = value;
    else if (field === "data") {
      this.#data.push(value);
      this.#units += value.length;
    } else if (field === "id" && !value.includes("\0")) this.#id = value;
    else if (field === "retry" && /^\d{1,9}$/.test(value)) this.retryMs = Number(value);
    return undefined;
  }

  #dispatch(): ServerSentEvent | undefined {
    const [data, event] = [this.#data, this.#event];
    this.#data = [];
    this.#units = 0;
    this.#event = "";
    return data.length === 0 ? undefined : { event: event || "message", data: data.join("\n"), id: this.#id };
  }
}
