// The API's names as a person types them and as they are printed: `p-256`, `EC_P256`.
// Must never let an unknown number through as one that is known.
import { Algorithm, KeyKind, KeyState, Transport } from "../proto/mod.ts";
import { GatehouseError } from "../vm/errors.ts";

type Names = Readonly<Record<string, number>>;
type Aliases = Readonly<Record<string, string>>;

/** What proto3 has for "none" is no choice. */
const choices = (names: Names): string[] =>
  Object.keys(names).filter((name) => !name.endsWith("_UNSPECIFIED"));

export const KIND_NAMES = choices(KeyKind);
export const ALGORITHM_NAMES = choices(Algorithm);
export const STATE_NAMES = choices(KeyState);
export const TRANSPORT_NAMES = choices(Transport);

/** Shorter words for kinds. */
const KIND_ALIASES: Aliases = {
  RSA2048: "RSA_2048",
  RSA3072: "RSA_3072",
  RSA4096: "RSA_4096",
  P256: "EC_P256",
  P384: "EC_P384",
  P521: "EC_P521",
  P_256: "EC_P256",
  P_384: "EC_P384",
  P_521: "EC_P521",
};

export const parseKind = (text: string): number =>
  parse(KeyKind, "--kind", "kind of key", text, KIND_ALIASES);
export const parseAnyAlgorithm = (text: string, option = "--algorithm"): number =>
  parse(Algorithm, option, "algorithm", text, { ED25519: "EDDSA_ED25519" });
export const parseState = (text: string): number => parse(KeyState, "--state", "state", text);
export const parseTransport = (text: string, option = "--transport"): number =>
  parse(Transport, option, "transport", text);

/** Case doesn't matter, nor whether the words are joined by "-" or "_". @throws GatehouseError with the choices */
function parse(names: Names, option: string, what: string, text: string, aliases: Aliases = {}): number {
  const plain = text.trim().toUpperCase().replaceAll("-", "_");
  const name = aliases[plain] ?? plain;
  if (choices(names).includes(name)) return names[name];
  throw new GatehouseError(
    "bad-argument",
    `${option} ${text}: no such ${what}`,
    `choose one of ${choices(names).join(", ")}`,
  );
}

const nameIn = (names: Names, number: number): string =>
  Object.keys(names).find((name) => names[name] === number) ?? `unknown (${number})`;

export const kindName = (kind: number): string => nameIn(KeyKind, kind);
export const algorithmName = (algorithm: number): string => nameIn(Algorithm, algorithm);
export const stateName = (state: number): string => nameIn(KeyState, state);
export const transportName = (transport: number): string => nameIn(Transport, transport);

/** Bytes of the digest that it signs (FIPS 180-4); undefined for one that takes none. */
export const digestBytes = (algorithm: number): number | undefined => {
  const bits = /_SHA(256|384|512)$/.exec(algorithmName(algorithm))?.[1];
  return bits === undefined ? undefined : Number(bits) / 8;
};

/** The appliance's own keys, which sign when none is named. */
const WELL_KNOWN: readonly (readonly [family: string, key: string])[] = [
  ["RSA_", "default-rsa"],
  ["ECDSA_P256_", "default-p256"],
  ["ECDSA_P384_", "default-p384"],
];

/** @throws GatehouseError where there is none that signs so */
export function wellKnownKey(algorithm: number): string {
  const name = algorithmName(algorithm);
  const found = WELL_KNOWN.find(([family]) => name.startsWith(family));
  if (found) return found[1];
  throw new GatehouseError(
    "bad-argument",
    `no key signs ${name} unless one is named`,
    "name it with --key ID; `gatehouse keys list` shows them",
  );
}

/** What signs when nobody says with which algorithm, by the kind of key. */
const USUAL: Readonly<Record<number, number>> = {
  [KeyKind.RSA_2048]: Algorithm.RSA_PSS_SHA256,
  [KeyKind.RSA_3072]: Algorithm.RSA_PSS_SHA256,
  [KeyKind.RSA_4096]: Algorithm.RSA_PSS_SHA256,
  [KeyKind.EC_P256]: Algorithm.ECDSA_P256_SHA256,
  [KeyKind.EC_P384]: Algorithm.ECDSA_P384_SHA384,
  [KeyKind.EC_P521]: Algorithm.ECDSA_P521_SHA512,
  [KeyKind.ED25519]: Algorithm.EDDSA_ED25519,
};

/** @throws GatehouseError for a kind that this release doesn't know */
export function usualAlgorithm(kind: number): number {
  const algorithm = USUAL[kind];
  if (algorithm !== undefined) return algorithm;
  throw new GatehouseError(
    "bad-argument",
    `a key of a kind that this command doesn't know (${kind})`,
    "name the algorithm with --algorithm",
  );
}
