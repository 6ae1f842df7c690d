// The three keys of a run, made at its start, and signing with them by either library.
// aws-lc-rs and ring share their API but for two calls; ring can't make RSA keys, so aws-lc-rs makes them all.
use std::error::Error;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};

use crate::proto::SigningAlgorithm;

pub type Fault = Box<dyn Error + Send + Sync>;

/// Signs what is asked for with the key that the algorithm needs. None: it can't, as neither library's API does
/// P-384 with SHA-256, nor this comparison PSS.
pub type Sign = Box<dyn Fn(SigningAlgorithm, &[u8]) -> Option<Vec<u8>> + Send + Sync>;

/// A private key as PKCS#8 and its public half as SubjectPublicKeyInfo, DER.
struct Der {
    private: Vec<u8>,
    public: Vec<u8>,
}

pub struct Made {
    rsa: Der,
    p256: Der,
    p384: Der,
}

pub fn make() -> Result<Made, Fault> {
    use aws_lc_rs::rsa::{KeyPair as Rsa, KeySize};
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair,
    };
    let rsa = Rsa::generate(KeySize::Rsa2048)?;
    let private: Pkcs8V1Der = rsa.as_der()?;
    let public: PublicKeyX509Der = rsa.public_key().as_der()?;
    let rsa = Der {
        private: private.as_ref().to_vec(),
        public: public.as_ref().to_vec(),
    };
    let ec = |algorithm| -> Result<Der, Fault> {
        let key = EcdsaKeyPair::generate(algorithm)?;
        let public: PublicKeyX509Der = key.public_key().as_der()?;
        Ok(Der {
            private: key.to_pkcs8v1()?.as_ref().to_vec(),
            public: public.as_ref().to_vec(),
        })
    };
    Ok(Made {
        rsa,
        p256: ec(&ECDSA_P256_SHA256_ASN1_SIGNING)?,
        p384: ec(&ECDSA_P384_SHA384_ASN1_SIGNING)?,
    })
}

impl Made {
    pub fn public_key(&self, algorithm: SigningAlgorithm) -> &[u8] {
        &match algorithm {
            SigningAlgorithm::RsaPkcs1Sha256 | SigningAlgorithm::RsaPssSha256 => &self.rsa,
            SigningAlgorithm::EcdsaP256Sha256 => &self.p256,
            SigningAlgorithm::EcdsaP384Sha256 | SigningAlgorithm::EcdsaP384Sha384 => &self.p384,
        }
        .public
    }
}

macro_rules! sign_with {
    ($name:ident, $library:ident, $modulus_bytes:expr, $ec:expr) => {
        pub fn $name(keys: &Made) -> Result<Sign, Fault> {
            use $library::rand::SystemRandom;
            use $library::signature::{
                ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
                RSA_PKCS1_SHA256, RsaKeyPair,
            };
            let random = SystemRandom::new();
            let refused = |error| format!("a key: {error}");
            let rsa = RsaKeyPair::from_pkcs8(&keys.rsa.private).map_err(refused)?;
            let ec = |algorithm, key: &Der| $ec(algorithm, &key.private, &random).map_err(refused);
            let p256 = ec(&ECDSA_P256_SHA256_ASN1_SIGNING, &keys.p256)?;
            let p384 = ec(&ECDSA_P384_SHA384_ASN1_SIGNING, &keys.p384)?;
            let modulus_bytes: fn(&RsaKeyPair) -> usize = $modulus_bytes;
            Ok(Box::new(move |algorithm, data| match algorithm {
                SigningAlgorithm::RsaPkcs1Sha256 => {
                    let mut signature = vec![0; modulus_bytes(&rsa)];
                    rsa.sign(&RSA_PKCS1_SHA256, &random, data, &mut signature)
                        .ok()?;
                    Some(signature)
                }
                SigningAlgorithm::EcdsaP256Sha256 => {
                    Some(p256.sign(&random, data).ok()?.as_ref().to_vec())
                }
                SigningAlgorithm::EcdsaP384Sha384 => {
                    Some(p384.sign(&random, data).ok()?.as_ref().to_vec())
                }
                _ => None,
            }))
        }
    };
}

sign_with!(
    with_aws_lc,
    aws_lc_rs,
    |key| key.public_modulus_len(),
    |algorithm, key, _: &SystemRandom| EcdsaKeyPair::from_pkcs8(algorithm, key)
);
sign_with!(
    with_ring,
    ring,
    |key| key.public().modulus_len(),
    EcdsaKeyPair::from_pkcs8
);
