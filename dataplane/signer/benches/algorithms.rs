//! What signing costs here over the library alone: CPU time of one signature, because
//! other work on the machine would disturb the clock on the wall.
//! `cargo bench -p gatehouse-signer --bench algorithms`
#![allow(clippy::unwrap_used)]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaKeyPair, RsaSignatureEncoding,
};
use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gatehouse_signer::algorithms::{Encoding, Input, Kind, PrivateKey, digest_len};
use gatehouse_signer::proto::v1::Algorithm;
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use std::time::Duration;

/// As long as the message that docs/performance.md signs.
const MESSAGE: [u8; 63] = [0x67; 63];

/// The thread's CPU time.
struct CpuTime;

impl Measurement for CpuTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
    }

    fn end(&self, start: Duration) -> Duration {
        self.start() - start
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

/// The shortest way to the same signature with the library alone.
fn bare(algorithm: Algorithm, pkcs8: &[u8]) -> Option<Box<dyn Fn() -> Vec<u8>>> {
    let ecdsa = |curve: &'static EcdsaSigningAlgorithm| -> Box<dyn Fn() -> Vec<u8>> {
        let pair = EcdsaKeyPair::from_pkcs8(curve, pkcs8).unwrap();
        Box::new(move || {
            pair.sign(&SystemRandom::new(), &MESSAGE)
                .unwrap()
                .as_ref()
                .to_vec()
        })
    };
    let rsa = |encoding: &'static RsaSignatureEncoding| -> Box<dyn Fn() -> Vec<u8>> {
        let pair = RsaKeyPair::from_pkcs8(pkcs8).unwrap();
        Box::new(move || {
            let mut made = vec![0; pair.public_modulus_len()];
            pair.sign(encoding, &SystemRandom::new(), &MESSAGE, &mut made)
                .unwrap();
            made
        })
    };
    match algorithm {
        Algorithm::RsaPkcs1Sha256 => Some(rsa(&signature::RSA_PKCS1_SHA256)),
        Algorithm::RsaPssSha256 => Some(rsa(&signature::RSA_PSS_SHA256)),
        Algorithm::EcdsaP256Sha256 => Some(ecdsa(&signature::ECDSA_P256_SHA256_ASN1_SIGNING)),
        Algorithm::EcdsaP384Sha384 => Some(ecdsa(&signature::ECDSA_P384_SHA384_ASN1_SIGNING)),
        Algorithm::EcdsaP521Sha512 => Some(ecdsa(&signature::ECDSA_P521_SHA512_ASN1_SIGNING)),
        Algorithm::EddsaEd25519 => {
            let pair = Ed25519KeyPair::from_pkcs8(pkcs8).unwrap();
            Some(Box::new(move || {
                pair.try_sign(&MESSAGE).unwrap().as_ref().to_vec()
            }))
        }
        // The library has no P-384 with SHA-256, and RSA's other hashes cost the same.
        _ => None,
    }
}

fn sign(criterion: &mut Criterion<CpuTime>) {
    for kind in Kind::ALL {
        let key = PrivateKey::generate(kind).unwrap();
        let pkcs8 = key.to_pkcs8().unwrap();
        for algorithm in kind.algorithms().iter().copied() {
            let Some(bare) = bare(algorithm, &pkcs8) else {
                continue;
            };
            let name = format!("sign {} {}", kind.name(), algorithm.as_str_name());
            let mut group = criterion.benchmark_group(name);
            group.throughput(Throughput::Elements(1));
            group.bench_function("aws-lc-rs alone", |bench| bench.iter(|| black_box(bare())));
            let mut ours = |name: &str, input: Input<'_>, encoding| {
                group.bench_function(name, |bench| {
                    bench.iter(|| black_box(key.sign(algorithm, input, encoding)).unwrap());
                });
            };
            ours("data", Input::Data(&MESSAGE), Encoding::Der);
            if let Some(len) = digest_len(algorithm) {
                let digest = vec![0x67; len];
                ours("digest", Input::Digest(&digest), Encoding::Der);
            }
            if algorithm.as_str_name().starts_with("ECDSA") {
                ours("data, r||s", Input::Data(&MESSAGE), Encoding::Raw);
            }
        }
    }
}

fn verify(criterion: &mut Criterion<CpuTime>) {
    for kind in Kind::ALL {
        let key = PrivateKey::generate(kind).unwrap();
        let public = key.public_key().unwrap();
        let algorithm = kind.algorithms()[0];
        let input = Input::Data(&MESSAGE);
        let signature = key.sign(algorithm, input, Encoding::Der).unwrap();
        criterion.bench_function(&format!("verify {}", kind.name()), |bench| {
            bench.iter(|| public.verify(algorithm, input, Encoding::Der, black_box(&signature)));
        });
    }
}

/// What a start pays for each key of the store.
fn read(criterion: &mut Criterion<CpuTime>) {
    for kind in Kind::ALL {
        let pkcs8 = PrivateKey::generate(kind).unwrap().to_pkcs8().unwrap();
        criterion.bench_function(&format!("read {}", kind.name()), |bench| {
            bench.iter(|| PrivateKey::from_pkcs8(kind, black_box(&pkcs8)).is_ok());
        });
    }
}

fn cpu_time() -> Criterion<CpuTime> {
    Criterion::default()
        .with_measurement(CpuTime)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(50)
        .without_plots()
}

criterion_group! {
    name = algorithms;
    config = cpu_time();
    targets = sign, verify, read
}
criterion_main!(algorithms);
