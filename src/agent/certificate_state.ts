// How far a certificate is from its end, at a time.
import { CertificateState } from "../proto/mod.ts";

export type CertificateStateNumber = typeof CertificateState[keyof typeof CertificateState];

export const DAY_MS = 24 * 3_600_000;

/** Before the end: time to have a new one made, signed and brought. */
const NEAR_MS = 30 * DAY_MS;

/** Of the whole life: one that lives for a day isn't near its end all day long. */
const NEAR_PART = 1 / 3;

/** @param nowMs milliseconds since 1970, by a clock that is known */
export function certificateState(
  { notBefore, notAfter }: { readonly notBefore: Date; readonly notAfter: Date },
  nowMs: number,
): CertificateStateNumber {
  const [begin, end] = [notBefore.getTime(), notAfter.getTime()];
  if (nowMs < begin) return CertificateState.NOT_YET_VALID;
  // RFC 5280, 4.1.2.5: valid through notAfter, inclusive.
  if (nowMs > end) return CertificateState.EXPIRED;
  return end - nowMs < Math.min(NEAR_MS, (end - begin) * NEAR_PART)
    ? CertificateState.NEAR_EXPIRY
    : CertificateState.VALID;
}
