// The addresses on which the agent listens, open from one configuration to the next: a door that both have is never
// closed, so no connection that the kernel took for it is lost.
// Must never serve a connection itself: it hands each to `serve`.
import type { Conn, Listener } from "../grpc/conn.ts";
import { formatAddress } from "../transport/address.ts";
import { listen } from "../transport/listen.ts";
import { checkPlainTcp } from "../transport/plain_tcp.ts";
import { proxied } from "../transport/proxied.ts";
import { clash, Door, type OpenDoor, removeOne } from "./door.ts";
import { errorText, type Logger } from "./log/mod.ts";
import type { Place } from "./places.ts";

export type { OpenDoor } from "./door.ts";

/** How long a listener that failed waits before it tries again: VSOCK's module may come after us. */
const LISTEN_RETRY_MS = 2_000;
/** Until the kernel has an address back that we closed a moment ago. */
const FREED_ATTEMPTS = 20;
const FREED_PAUSE_MS = 10;
/** A proxy's socket: whoever opens it is believed, so nobody but the agent's user and group may. */
const PROXIED_MODE = 0o660;

export interface DoorsOptions {
  readonly log: Logger;
  /** Serves one connection until its end; never rejects. */
  readonly serve: (conn: Conn, service: Place["service"]) => Promise<void>;
  /** Time for a PROXY header; asked at each connection. */
  readonly handshakeTimeoutMs: () => number;
}

/** New doors stand open beside the old ones: either the old ones that go are closed now, or the new ones are. */
export interface DoorChange {
  commit(): void;
  abort(): Promise<void>;
}

/** What stands in the configuration beside the addresses that doors depend on. */
export interface Opening {
  readonly places: readonly Place[];
  readonly insecureTcp: boolean;
  /** An address that can't be opened is tried again for ever, instead of being an error. */
  readonly retry: boolean;
}

/** How far a change has come. */
interface Attempt {
  readonly next: Opening;
  /** Old doors that aren't wanted any more, and are open still. */
  readonly leaving: Door[];
  readonly opened: Door[];
  /** Old doors that were in the way. */
  readonly closed: Door[];
  /** What is to be tried again. */
  readonly failures: [Place, unknown][];
}

export class Doors {
  readonly #options: DoorsOptions;
  readonly #open: Door[] = [];
  readonly #closing = new Set<Promise<void>>();
  readonly #retries = new Map<Place, ReturnType<typeof setTimeout>>();
  #ended = false;

  constructor(options: DoorsOptions) {
    this.#options = options;
  }

  get open(): readonly OpenDoor[] {
    return this.#open;
  }

  /**
   * Opens what is new. Where a new address is held by one that goes, that one is closed first.
   * @throws Error when one can't be opened and `retry` is false, or none can: then all is as before
   */
  async prepare(next: Opening): Promise<DoorChange> {
    const leaving = [...this.#open];
    const missing = next.places.filter((place) => !removeOne(leaving, place));
    const attempt: Attempt = { next, leaving, opened: [], closed: [], failures: [] };
    const waiting = [...this.#retries.keys()];
    this.#stopRetries();
    const abort = async () => {
      for (const door of attempt.opened) this.#close(door);
      await Promise.all(attempt.opened.map(({ serving }) => serving));
      for (const { place } of attempt.closed) await this.#reopen(place);
      for (const place of waiting) this.#retryLater(place, reopening(place));
    };
    try {
      const held = await this.#openFree(missing, attempt);
      if (held.length > 0) await this.#takeOver(held, attempt);
      const open = this.#open.length - leaving.length;
      if (open === 0 && attempt.failures.length > 0) throw attempt.failures[0][1];
    } catch (error) {
      await abort();
      throw error;
    }
    return {
      commit: () => {
        for (const door of leaving) this.#close(door);
        for (const [place, error] of attempt.failures) this.#retryLater(place, next, error);
      },
      abort,
    };
  }

  /** Opens what no door that goes is in the way of; returns the others. */
  async #openFree(places: readonly Place[], attempt: Attempt): Promise<Place[]> {
    const held: Place[] = [];
    for (const place of places) {
      const tried = await this.#tryOpen(place, attempt.next);
      const inTheWay = attempt.leaving.some((door) => clash(door.place, place));
      if (!(tried instanceof Door) && isInUse(tried.error) && inTheWay) held.push(place);
      else note(place, tried, attempt);
    }
    return held;
  }

  /** Closes the doors that hold these addresses, then opens these. */
  async #takeOver(held: readonly Place[], attempt: Attempt): Promise<void> {
    const { leaving, closed, next } = attempt;
    for (const door of leaving.filter((door) => held.some((place) => clash(door.place, place)))) {
      leaving.splice(leaving.indexOf(door), 1);
      this.#close(door);
      closed.push(door);
    }
    await Promise.all(closed.map(({ serving }) => serving));
    for (const place of held) note(place, await this.#openFreed(place, next), attempt);
  }

  /** Accepts no more. */
  async close(): Promise<void> {
    this.#ended = true;
    this.#stopRetries();
    for (const door of [...this.#open]) this.#close(door);
    await Promise.all(this.#closing);
  }

  async #tryOpen(place: Place, { insecureTcp }: Opening): Promise<Door | { error: unknown }> {
    try {
      const refusal = checkPlainTcp(place.address, insecureTcp);
      if (refusal) throw new Error(refusal);
      const listener = await this.#listen(place);
      const door = new Door(place, listener, (conn) => this.#options.serve(conn, place.service));
      this.#open.push(door);
      const { proxied, service } = place;
      this.#options.log.info("listening", { address: door.address, service, proxied: proxied || undefined });
      if (place.address.transport === "tcp") {
        this.#options.log.warn("TCP is plain: no TLS, no client identity", { address: door.address });
      }
      return door;
    } catch (error) {
      return { error: notAllowed(error, place) ?? error };
    }
  }

  /** A closed socket is the kernel's again when the accept that waited on it has ended, which takes a moment. */
  async #openFreed(place: Place, next: Opening): Promise<Door | { error: unknown }> {
    for (let attempt = 1;; attempt++) {
      const tried = await this.#tryOpen(place, next);
      if (tried instanceof Door || !isInUse(tried.error) || attempt === FREED_ATTEMPTS) return tried;
      await new Promise((resolve) => setTimeout(resolve, FREED_PAUSE_MS));
    }
  }

  /** It was open with our leave a moment ago. */
  async #reopen(place: Place): Promise<void> {
    const opening = reopening(place);
    const tried = await this.#openFreed(place, opening);
    if (!(tried instanceof Door)) this.#retryLater(place, opening, tried.error);
  }

  async #listen({ address, proxied: behindProxy }: Place): Promise<Listener> {
    if (!behindProxy) return await listen(address);
    const { log, handshakeTimeoutMs } = this.#options;
    const listener = await listen(address, { mode: PROXIED_MODE });
    return proxied(listener, {
      get timeoutMs() {
        return handshakeTimeoutMs();
      },
      onRefused: (reason, unreported) =>
        log.warn("closed a connection without a good PROXY header", {
          address: listener.address,
          reason,
          unreported,
        }),
    });
  }

  #close(door: Door): void {
    const index = this.#open.indexOf(door);
    if (index < 0) return;
    this.#open.splice(index, 1);
    door.close();
    this.#closing.add(door.serving);
    void door.serving.finally(() => this.#closing.delete(door.serving));
    if (!this.#ended) this.#options.log.info("listening no more", { address: door.address });
  }

  #stopRetries(): void {
    for (const timer of this.#retries.values()) clearTimeout(timer);
    this.#retries.clear();
  }

  #retryLater(place: Place, next: Opening, error?: unknown): void {
    if (this.#ended) return;
    this.#options.log.error("can't listen, trying again", {
      address: formatAddress(place.address),
      error: error && errorText(error),
      retry_ms: LISTEN_RETRY_MS,
    });
    const timer = setTimeout(() => void this.#retry(place, next), LISTEN_RETRY_MS);
    this.#retries.set(place, timer);
  }

  async #retry(place: Place, next: Opening): Promise<void> {
    const timer = this.#retries.get(place);
    const tried = await this.#tryOpen(place, next);
    // Another configuration may have come meanwhile.
    const wanted = !this.#ended && this.#retries.get(place) === timer;
    if (wanted) this.#retries.delete(place);
    if (!(tried instanceof Door)) {
      if (wanted) this.#retryLater(place, next, tried.error);
    } else if (!wanted) this.#close(tried);
  }
}

/** @throws what kept a place from being opened, where it isn't to be tried again */
function note(place: Place, tried: Door | { error: unknown }, { next, opened, failures }: Attempt): void {
  if (tried instanceof Door) opened.push(tried);
  else if (next.retry) failures.push([place, tried.error]);
  else throw tried.error;
}

/** For an address that stood in a configuration that was checked. */
const reopening = (place: Place): Opening => ({ places: [place], insecureTcp: true, retry: true });

/** Deno's own words tell whoever starts the program what to do, and nobody else. */
function notAllowed(error: unknown, { address }: Place): Error | undefined {
  const cause = error instanceof Error ? error.cause ?? error : undefined;
  if (!(cause instanceof Deno.errors.NotCapable)) return undefined;
  const text = formatAddress(address);
  return new Error(
    `can't listen at ${text}: the agent was started without the right to open that address; use one that it may ` +
      "(in a VM: docs/operations.md lists them)",
    { cause },
  );
}

const isInUse = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "EADDRINUSE";
