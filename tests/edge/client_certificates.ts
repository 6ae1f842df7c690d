// Every kind of client certificate that gets no connection, made by openssl, as one table.
// Each issuer has its revocation list, so that a row fails for its own reason and no other.
import { Authority, authority, CLIENT, type Identity, inDays, rsa, serverOf } from "./pki.ts";

export interface Refused {
  name: string;
  /** By which the client is told (RFC 8446, 6). */
  alert: number;
  /** What the edge logs. */
  why: RegExp;
  /** Absent: the client gives none. */
  make?(by: Issuers): Promise<Identity>;
}

/** RFC 8446, 6. */
const ALERT = {
  UNSUPPORTED_CERTIFICATE: 43,
  REVOKED: 44,
  EXPIRED: 45,
  UNKNOWN: 46,
  UNKNOWN_CA: 48,
  DECRYPT_ERROR: 51,
  REQUIRED: 116,
};

type Issuers = Awaited<ReturnType<typeof issuers>>;

/** @param root which the edge trusts, as it does those of weak signatures: nothing else is wrong with them */
async function issuers(dir: string, root: Authority) {
  const middle = await root.below("middle", { extensions: authority(0) });
  return {
    dir,
    root,
    middle,
    stranger: await Authority.root(dir, "stranger"),
    namesake: await Authority.root(dir, "root"),
    weakKey: await Authority.root(dir, "weak key", { key: rsa(1024) }),
    rsaRoot: await Authority.root(dir, "rsa", { key: rsa(2048) }),
    tooDeep: await middle.below("too deep", { extensions: authority() }),
    noAuthority: await root.below("no authority", { extensions: CLIENT }),
    revoked: await root.below("revoked", { extensions: authority() }),
    unlisted: await root.below("without a list", { extensions: authority() }),
    ofServers: await root.below("of servers", {
      extensions: `${authority()}extendedKeyUsage=serverAuth\n`,
    }),
    ofNames: await root.below("of names", {
      extensions: `${authority()}nameConstraints=critical,permitted;DNS:inside.example\n`,
    }),
  };
}

const UNKNOWN_CRITICAL = "1.2.3.4.5.6=critical,ASN1:UTF8String:nobody knows\n";

export const REFUSED_CERTIFICATES: Refused[] = [
  { name: "no certificate", alert: ALERT.REQUIRED, why: /no certificates/ },
  {
    name: "an expired certificate",
    alert: ALERT.EXPIRED,
    why: /expired/,
    make: ({ root }) => root.issue("old", { notBefore: inDays(-9), notAfter: inDays(-1) }),
  },
  {
    name: "a certificate that isn't valid yet",
    alert: ALERT.EXPIRED,
    why: /not valid yet/,
    make: ({ root }) => root.issue("young", { notBefore: inDays(1) }),
  },
  {
    name: "a revoked certificate",
    alert: ALERT.REVOKED,
    why: /Revoked/,
    async make({ root }) {
      const identity = await root.issue("revoked");
      await root.revoke(identity);
      return identity;
    },
  },
  {
    name: "a certificate below a revoked authority",
    alert: ALERT.REVOKED,
    why: /Revoked/,
    async make({ root, revoked }) {
      await root.revoke(revoked.identity);
      return await revoked.issue("below");
    },
  },
  {
    name: "a certificate whose issuer has no revocation list",
    alert: ALERT.UNKNOWN_CA,
    why: /UnknownRevocationStatus/,
    make: ({ unlisted }) => unlisted.issue("unlisted"),
  },
  {
    name: "a self-signed certificate",
    alert: ALERT.UNKNOWN_CA,
    why: /UnknownIssuer/,
    make: async ({ dir }) => (await Authority.root(dir, "self", { extensions: CLIENT })).identity,
  },
  {
    name: "a certificate of another authority",
    alert: ALERT.UNKNOWN_CA,
    why: /UnknownIssuer/,
    make: ({ stranger }) => stranger.issue("stranger's"),
  },
  {
    name: "a certificate of another authority with the same name",
    alert: ALERT.DECRYPT_ERROR,
    why: /BadSignature/,
    make: ({ namesake }) => namesake.issue("namesake's"),
  },
  {
    name: "a server's certificate",
    alert: ALERT.UNSUPPORTED_CERTIFICATE,
    why: /extended key usage/,
    make: ({ root }) => root.issue("server", { extensions: serverOf("DNS:localhost") }),
  },
  {
    name: "a certificate of an authority for servers only",
    alert: ALERT.UNSUPPORTED_CERTIFICATE,
    why: /extended key usage/,
    make: ({ ofServers }) => ofServers.issue("client of servers"),
  },
  {
    name: "a certificate issued by one that is no authority",
    alert: ALERT.UNKNOWN,
    why: /EndEntityUsedAsCa/,
    make: ({ noAuthority }) => noAuthority.issue("below"),
  },
  {
    name: "a certificate below more authorities than its path allows",
    alert: ALERT.UNKNOWN,
    why: /PathLenConstraintViolated/,
    make: ({ tooDeep }) => tooDeep.issue("deep"),
  },
  {
    name: "a certificate with a name that its authority may not give",
    alert: ALERT.UNKNOWN,
    why: /NameConstraintViolation/,
    make: ({ ofNames }) =>
      ofNames.issue("outside", { extensions: `${CLIENT}subjectAltName=DNS:outside.example\n` }),
  },
  {
    name: "an authority's certificate as a client's",
    alert: ALERT.UNKNOWN,
    why: /CaUsedAsEndEntity/,
    make: ({ middle }) => Promise.resolve(middle.identity),
  },
  {
    name: "the trust anchor as a client's certificate",
    alert: ALERT.UNKNOWN,
    why: /CaUsedAsEndEntity/,
    make: ({ root }) => Promise.resolve(root.identity),
  },
  {
    name: "a certificate with a critical extension that nobody knows",
    alert: ALERT.UNKNOWN,
    why: /UnsupportedCriticalExtension/,
    make: ({ root }) => root.issue("critical", { extensions: CLIENT + UNKNOWN_CRITICAL }),
  },
  {
    name: "a certificate of version 1",
    alert: ALERT.UNKNOWN,
    why: /UnsupportedCertVersion/,
    make: ({ root }) => root.issue("version 1", { extensions: "" }),
  },
  {
    name: "a certificate with a key of RSA-1024",
    alert: ALERT.DECRYPT_ERROR,
    why: /./,
    make: ({ root }) => root.issue("short", { key: rsa(1024) }),
  },
  {
    name: "a certificate of an authority with a key of RSA-1024",
    alert: ALERT.DECRYPT_ERROR,
    why: /BadSignature/,
    make: ({ weakKey }) => weakKey.issue("under short"),
  },
  {
    name: "a certificate signed with SHA-1",
    alert: ALERT.DECRYPT_ERROR,
    why: /./,
    make: ({ rsaRoot }) => rsaRoot.issue("sha-1", { digest: "sha1" }),
  },
  {
    name: "a certificate signed with MD5",
    alert: ALERT.DECRYPT_ERROR,
    why: /./,
    make: ({ rsaRoot }) => rsaRoot.issue("md5", { digest: "md5" }),
  },
];

/** All of them, and what the edge is to know so that each is refused for its own reason. */
export async function makeRefused(dir: string, root: Authority) {
  const by = await issuers(dir, root);
  const identities = new Map<string, Identity>();
  // One after the other: an issuer's files bear no two writers.
  for (const { name, make } of REFUSED_CERTIFICATES) {
    if (make) identities.set(name, await make(by));
  }
  const listed = [root, by.middle, by.weakKey, by.rsaRoot, by.tooDeep, by.revoked, by.ofServers, by.ofNames];
  let crl = "";
  for (const issuer of listed) crl += await issuer.revocationList();
  return { identities, anchors: root.anchor + by.weakKey.anchor + by.rsaRoot.anchor, crl };
}
