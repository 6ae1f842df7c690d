// The four algorithms of the seed's API, and how openssl checks each.

export const ALGORITHMS = [
  { name: "RSA_PKCS1_SHA256", openssl: ["-sha256"] },
  {
    name: "RSA_PSS_SHA256",
    openssl: ["-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"],
  },
  { name: "ECDSA_P256_SHA256", openssl: ["-sha256"] },
  { name: "ECDSA_P384_SHA256", openssl: ["-sha256"] },
  { name: "ECDSA_P384_SHA384", openssl: ["-sha384"] },
];
