// The certificates in force, watched for their end: the server's own and the anchors of its callers'.
// Must never judge them by a clock that isn't known, nor say the same each hour.
import { type Certificate, readCertificate, readCertificates } from "../pki/certificate.ts";
import { CertificateState, CertificateUse, EventKind } from "../proto/mod.ts";
import { backgroundInterval } from "./background_timer.ts";
import { certificateState, type CertificateStateNumber, DAY_MS } from "./certificate_state.ts";
import type { ClockKnowledge } from "./clock.ts";
import type { Applier, TlsFiles } from "./config_store/applier.ts";
import type { Config } from "./config/mod.ts";
import type { EmitEvent } from "./event_sink.ts";
import type { Logger } from "./log/mod.ts";

/** How late a state is noticed; the shortest lives that one gives certificates are some hours. */
const LOOK_MS = 3_600_000;

/** How many of the callers' anchors are watched and told; a file of anchors may have hundreds. */
const MAX_WATCHED_ANCHORS = 32;

export interface WatchedCertificate {
  readonly use: typeof CertificateUse[keyof typeof CertificateUse];
  readonly certificate: Certificate;
  /** STATE_UNSPECIFIED while the clock isn't known. */
  readonly state: CertificateStateNumber;
}

export interface CertificateWatchOptions {
  readonly log: Logger;
  readonly emit: EmitEvent;
  readonly clock: ClockKnowledge;
  /** Whether TLS can be served: there is a server's certificate, good now by a clock that is known. */
  readonly onHealth: (healthy: boolean) => void;
  /** Hears from when on the server's certificate holds: who made it knew the time. */
  readonly onMade: (ms: number) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface Watched {
  use: WatchedCertificate["use"];
  certificate: Certificate;
  told: CertificateStateNumber;
  warnedAtMs: number;
}

export class CertificateWatch implements Applier {
  readonly name = "certificates";
  readonly #options: CertificateWatchOptions;
  readonly #stopLooking: () => void;
  #watched: Watched[] = [];

  constructor(options: CertificateWatchOptions) {
    this.#options = options;
    this.#stopLooking = backgroundInterval(LOOK_MS, () => this.look());
    options.clock.onChange(() => this.look());
    options.onHealth(false);
  }

  /** What was told of a certificate that stays isn't told again. @throws PkiError when one can't be read */
  async apply(_next: Config, tls: TlsFiles): Promise<void> {
    const { SERVER, CLIENT_CA } = CertificateUse;
    const server = tls.certificatePem ? [readCertificate(tls.certificatePem)] : [];
    const anchors = tls.clientCaPem ? readCertificates(tls.clientCaPem).slice(0, MAX_WATCHED_ANCHORS) : [];
    const before = this.#watched;
    this.#watched = [
      ...server.map((certificate) => ({ use: SERVER, certificate })),
      ...anchors.map((certificate) => ({ use: CLIENT_CA, certificate })),
    ].map(({ use, certificate }) =>
      before.find((old) => old.use === use && old.certificate.sha256 === certificate.sha256) ??
        { use, certificate, told: CertificateState.STATE_UNSPECIFIED, warnedAtMs: -Infinity }
    );
    // Not an anchor's: one that is to follow may be given before it holds.
    for (const { notBefore } of server) await this.#options.onMade(notBefore.getTime());
    this.look();
  }

  /** As they are now. */
  certificates(): WatchedCertificate[] {
    return this.#watched.map(({ use, certificate }) => ({
      use,
      certificate,
      state: this.#stateOf(certificate),
    }));
  }

  /** Looks at all of them now. */
  look(): void {
    const { clock, onHealth } = this.#options;
    if (clock.known) {
      for (const watched of this.#watched) this.#tell(watched, this.#stateOf(watched.certificate));
    }
    const server = this.#watched.find(({ use }) => use === CertificateUse.SERVER);
    const state = server && this.#stateOf(server.certificate);
    onHealth(state === CertificateState.VALID || state === CertificateState.NEAR_EXPIRY);
  }

  stop(): void {
    this.#stopLooking();
  }

  #stateOf(certificate: Certificate): CertificateStateNumber {
    const { clock, now } = this.#options;
    return clock.known ? certificateState(certificate, now()) : CertificateState.STATE_UNSPECIFIED;
  }

  /** An event once for each state, a warning each day for as long as it stays. */
  #tell(watched: Watched, state: CertificateStateNumber): void {
    const { log, emit, now } = this.#options;
    const first = watched.told !== state;
    watched.told = state;
    if (state === CertificateState.VALID) return;
    if (!first && now() - watched.warnedAtMs < DAY_MS) return;
    watched.warnedAtMs = now();
    const message = `${whose(watched)} ${WORDS[state] ?? "is in a state that isn't known"}`;
    const fields = fieldsOf(watched);
    if (first && state === CertificateState.NEAR_EXPIRY) {
      emit(EventKind.CERTIFICATE_NEAR_EXPIRY, message, fields);
    } else if (first && state === CertificateState.EXPIRED) {
      emit(EventKind.CERTIFICATE_EXPIRED, message, fields);
    } else log.warn(message, fields);
  }
}

const WORDS: Readonly<Partial<Record<number, string>>> = {
  [CertificateState.NEAR_EXPIRY]: "will expire soon: bring a new one",
  [CertificateState.EXPIRED]: "has expired: bring a new one",
  [CertificateState.NOT_YET_VALID]: "isn't valid yet: is the clock right?",
};

const whose = ({ use }: Watched): string =>
  use === CertificateUse.SERVER ? "the server's certificate" : "an authority of the callers' certificates";

function fieldsOf({ certificate }: Watched): Record<string, string> {
  return {
    subject: certificate.subject,
    names: certificate.names.join(","),
    not_before: certificate.notBefore.toISOString(),
    not_after: certificate.notAfter.toISOString(),
    sha256: certificate.sha256,
  };
}
