// What an operator may give the agent at its first start, each a file of its credentials directory. The units of the
// image load them by these names. Knows names only: who reads one checks it.

export const CREDENTIALS = {
  /** The first administrator's public key, PEM or a line of OpenSSH. */
  admin: "gatehouse.admin",
  /** The server's certificate and what stands between it and its anchor, PEM, as the others. */
  certificate: "gatehouse.tls-cert",
  privateKey: "gatehouse.tls-key",
  clientCa: "gatehouse.client-ca",
  crl: "gatehouse.crl",
} as const;
