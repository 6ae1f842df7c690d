// The Rust anchor: tonic with one worker thread, serving what the others serve.
// Usage: anchor-tonic UNIX_SOCKET [CERTIFICATES]. With certificates (as `edge-load pki` writes them) TCP is
// mutual TLS by rustls. Prints {"tcp": "host:port"} once it listens.
use std::error::Error;
use std::path::Path;
use std::pin::Pin;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::net::{TcpListener, UnixListener};
use tokio_stream::wrappers::UnixListenerStream;
use tokio_stream::{Stream, StreamExt};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status, Streaming};

mod echo {
    tonic::include_proto!("echo");
}
mod bench {
    tonic::include_proto!("gatehouse.bench");
}
use bench::streams_server::{Streams, StreamsServer};
use bench::{Ask, Part};
use echo::echo_service_server::{EchoService, EchoServiceServer};
use echo::{EchoRequest, EchoResponse};

/// Largest message, bytes: above the comparison's megabyte, as every anchor has it.
const MAX_MESSAGE_BYTES: usize = 16 << 20;

#[derive(Clone)]
struct Anchor;

#[tonic::async_trait]
impl EchoService for Anchor {
    async fn echo(&self, request: Request<EchoRequest>) -> Result<Response<EchoResponse>, Status> {
        let EchoRequest { payload, timestamp } = request.into_inner();
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Ok(Response::new(EchoResponse {
            payload,
            request_timestamp: timestamp,
            response_timestamp: now.as_millis() as i64,
        }))
    }
}

type Parts = Pin<Box<dyn Stream<Item = Result<Part, Status>> + Send>>;

#[tonic::async_trait]
impl Streams for Anchor {
    type BidiStream = Parts;
    type FlowStream = Parts;

    async fn bidi(&self, asks: Request<Streaming<Ask>>) -> Result<Response<Parts>, Status> {
        let mut payload = Bytes::new();
        let parts = asks.into_inner().map(move |ask| {
            let size = ask?.size_bytes as usize;
            if payload.len() != size {
                payload = Bytes::from(vec![0x62; size.min(MAX_MESSAGE_BYTES)]);
            }
            Ok(Part {
                payload: payload.clone(),
            })
        });
        Ok(Response::new(Box::pin(parts)))
    }

    async fn flow(&self, ask: Request<Ask>) -> Result<Response<Parts>, Status> {
        let Ask {
            size_bytes, count, ..
        } = ask.into_inner();
        let payload = Bytes::from(vec![0x62; (size_bytes as usize).min(MAX_MESSAGE_BYTES)]);
        let parts = (0..count).map(move |_| {
            Ok(Part {
                payload: payload.clone(),
            })
        });
        Ok(Response::new(Box::pin(tokio_stream::iter(parts))))
    }
}

fn router(mut server: Server) -> tonic::transport::server::Router {
    server
        .add_service(EchoServiceServer::new(Anchor))
        .add_service(StreamsServer::new(Anchor).max_decoding_message_size(MAX_MESSAGE_BYTES))
}

fn tls(dir: &Path) -> std::io::Result<ServerTlsConfig> {
    let read = |name: &str| std::fs::read(dir.join(name));
    Ok(ServerTlsConfig::new()
        .identity(Identity::from_pem(read("server.pem")?, read("server.key")?))
        .client_ca_root(Certificate::from_pem(read("ca.pem")?)))
}

async fn serve(
    socket: String,
    certificates: Option<String>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let tcp = TcpListener::bind("127.0.0.1:0").await?;
    let address = tcp.local_addr()?;
    let unix = tokio::spawn(
        router(Server::builder())
            .serve_with_incoming(UnixListenerStream::new(UnixListener::bind(socket)?)),
    );
    println!("{{\"tcp\":\"{address}\"}}");
    let mut server = Server::builder();
    if let Some(dir) = certificates {
        server = server.tls_config(tls(Path::new(&dir))?)?;
    }
    router(server)
        .serve_with_incoming(TcpIncoming::from(tcp).with_nodelay(Some(true)))
        .await?;
    unix.await??;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut words = std::env::args().skip(1);
    let socket = words
        .next()
        .ok_or("usage: anchor-tonic UNIX_SOCKET [CERTIFICATES]")?;
    let certificates = words.next();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    // Spawned, so that everything runs on the worker and nothing on the main thread.
    runtime.block_on(runtime.spawn(serve(socket, certificates)))?
}
