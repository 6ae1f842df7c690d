// The anchors of signing: tonic with one worker thread and the keys in its own process, and the library alone.
// `anchor-signing serve aws-lc|ring` prints {"tcp": "host:port"} once it listens; `anchor-signing bare aws-lc|ring`
// prints the CPU time of one signature of 63 bytes by each key, us.
mod keys;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use keys::{Fault, Made, Sign};
use load::process::cpu_seconds;
use load::random::Random;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

mod proto {
    tonic::include_proto!("crypto");
}
use proto::crypto_service_server::{CryptoService, CryptoServiceServer};
use proto::{PublicKeyRequest, PublicKeyResponse, SignRequest, SignResponse, SigningAlgorithm};

const USAGE: &str = "usage: anchor-signing serve|bare aws-lc|ring";
/// As the load of the comparison.
const DATA_BYTES: usize = 63;
/// Of CPU for each key: a hundred ticks of proc_pid_stat(5), so 1% of error at most.
const BARE: Duration = Duration::from_secs(1);
const WARM_UP: Duration = Duration::from_millis(200);

struct Anchor {
    keys: Made,
    sign: Sign,
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_millis() as i64
}

#[tonic::async_trait]
impl CryptoService for Anchor {
    async fn sign(&self, request: Request<SignRequest>) -> Result<Response<SignResponse>, Status> {
        let SignRequest {
            data,
            key_type,
            algorithm,
            timestamp,
        } = request.into_inner();
        let signature = SigningAlgorithm::try_from(algorithm)
            .ok()
            .and_then(|algorithm| (self.sign)(algorithm, &data))
            .ok_or_else(|| Status::invalid_argument("algorithm"))?;
        Ok(Response::new(SignResponse {
            signature,
            key_type,
            algorithm,
            request_timestamp: timestamp,
            response_timestamp: now_ms(),
        }))
    }

    async fn get_public_key(
        &self,
        request: Request<PublicKeyRequest>,
    ) -> Result<Response<PublicKeyResponse>, Status> {
        let asked = request.into_inner();
        let algorithm = SigningAlgorithm::try_from(asked.algorithm.unwrap_or_default())
            .map_err(|_| Status::invalid_argument("algorithm"))?;
        Ok(Response::new(PublicKeyResponse {
            public_key_der: self.keys.public_key(algorithm).to_vec(),
            key_type: asked.key_type,
            request_timestamp: asked.timestamp,
            response_timestamp: now_ms(),
        }))
    }
}

async fn serve(anchor: Anchor) -> Result<(), Fault> {
    let tcp = TcpListener::bind("127.0.0.1:0").await?;
    println!("{{\"tcp\":\"{}\"}}", tcp.local_addr()?);
    Server::builder()
        .add_service(CryptoServiceServer::new(anchor))
        .serve_with_incoming(TcpIncoming::from(tcp).with_nodelay(Some(true)))
        .await?;
    Ok(())
}

/// CPU time of a signature, us.
fn bare(sign: &Sign, algorithm: SigningAlgorithm) -> Option<f64> {
    let mut random = Random::new(1);
    let mut data = [0; DATA_BYTES];
    let mut used = None;
    for lasts in [WARM_UP, BARE] {
        let before = cpu_seconds(std::process::id())?;
        let began = Instant::now();
        let mut signatures = 0_u32;
        while began.elapsed() < lasts {
            random.hex(&mut data);
            std::hint::black_box(sign(algorithm, &data)?);
            signatures += 1;
        }
        used = Some((cpu_seconds(std::process::id())? - before) * 1e6 / f64::from(signatures));
    }
    used
}

fn main() -> Result<(), Fault> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let keys = keys::make()?;
    let sign = match words.get(1).map(String::as_str) {
        Some("aws-lc") => keys::with_aws_lc(&keys)?,
        Some("ring") => keys::with_ring(&keys)?,
        _ => return Err(USAGE.into()),
    };
    match words.first().map(String::as_str) {
        Some("bare") => {
            let us = |algorithm| bare(&sign, algorithm).ok_or("a signature failed");
            println!(
                "{{\"rsa-2048\":{},\"p-256\":{},\"p-384\":{}}}",
                us(SigningAlgorithm::RsaPkcs1Sha256)?,
                us(SigningAlgorithm::EcdsaP256Sha256)?,
                us(SigningAlgorithm::EcdsaP384Sha384)?
            );
            Ok(())
        }
        Some("serve") => {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()?;
            // Spawned, so that everything runs on the worker and nothing on the main thread.
            runtime.block_on(runtime.spawn(serve(Anchor { keys, sign })))?
        }
        _ => Err(USAGE.into()),
    }
}
