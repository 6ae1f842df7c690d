//! The real binary on a store of its own, a gRPC client to it, and openssl as
//! the verifier that shares no code with the signer.
#![allow(dead_code, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use gatehouse_signer::proto::sign_item::Input;
use gatehouse_signer::proto::sign_result::Outcome;
use gatehouse_signer::proto::signer_service_client::SignerServiceClient;
use gatehouse_signer::proto::v1::{Algorithm, GetKeyRequest, ItemStatus, Key};
use gatehouse_signer::proto::{
    ListKeysRequest, SignBatchRequest, SignBatchResponse, SignItem, SignResult,
};
use hyper_util::rt::TokioIo;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::{Channel, Endpoint};

pub const ALL: [(&str, Algorithm); 5] = [
    ("default-rsa", Algorithm::RsaPkcs1Sha256),
    ("default-rsa", Algorithm::RsaPssSha256),
    ("default-p256", Algorithm::EcdsaP256Sha256),
    ("default-p384", Algorithm::EcdsaP384Sha256),
    ("default-p384", Algorithm::EcdsaP384Sha384),
];

/// A directory with a sealing key, where signers may be started.
pub struct Place {
    pub dir: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).unwrap();
        fs::write(dir.path().join("sealing-key"), key).unwrap();
        Self { dir }
    }

    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("signer.sock")
    }

    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    pub fn store(&self) -> PathBuf {
        self.state().join("signer.db")
    }

    pub fn copy(&self) -> PathBuf {
        self.state().join("signer.db.copy")
    }

    pub fn sealing_key(&self) -> PathBuf {
        self.dir.path().join("sealing-key")
    }

    pub fn command(&self) -> Command {
        signer(&self.socket(), &self.state(), &self.sealing_key())
    }

    /// Starts a signer and waits until it says that it is ready.
    pub fn start(&self) -> Running {
        Running::start(self.command(), self.socket())
    }

    /// Starts a signer that must refuse: its exit code and what it said.
    pub fn refusal(&self) -> (i32, String) {
        refusal(self.command())
    }
}

pub fn signer(socket: &Path, state: &Path, sealing_key: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatehouse-signer"));
    command.arg("--socket").arg(socket);
    command.arg("--state").arg(state);
    command.arg("--sealing-key-file").arg(sealing_key);
    command.stdin(Stdio::null());
    command
}

pub fn refusal(mut command: Command) -> (i32, String) {
    let Output { status, stderr, .. } = command.output().unwrap();
    (status.code().unwrap(), String::from_utf8(stderr).unwrap())
}

pub struct Running {
    pub child: Child,
    pub socket: PathBuf,
    log: Arc<Mutex<String>>,
}

impl Running {
    pub fn start(command: Command, socket: PathBuf) -> Self {
        Self::try_start(command, socket)
            .unwrap_or_else(|(code, said)| panic!("not ready: {code:?} {said}"))
    }

    /// # Errors
    /// Its exit code and what it said.
    pub fn try_start(mut command: Command, socket: PathBuf) -> Result<Self, (Option<i32>, String)> {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        if !line.contains("ready") {
            let mut said = String::new();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut said)
                .unwrap();
            return Err((child.wait().unwrap().code(), said));
        }
        // Drained, so that it never blocks.
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                *kept.lock().unwrap() += &(line + "\n");
            }
        });
        Ok(Self { child, socket, log })
    }

    /// What it has logged until it was open.
    pub fn opening(&self) -> String {
        for _ in 0..10_000 {
            let log = self.log.lock().unwrap().clone();
            if log.contains("store opened") {
                return log;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        panic!("it doesn't say that its store is open");
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; the exit code, none after a signal.
    /// SIGTERM, and its exit code. The clients in this thread go on meanwhile: it waits for
    /// them to hang up.
    pub async fn terminate(&mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    pub async fn client(&self) -> SignerServiceClient<Channel> {
        connect(&self.socket).await
    }

    pub async fn keys(&self) -> Vec<Key> {
        let mut client = self.client().await;
        let listed = client.list_keys(ListKeysRequest::default()).await.unwrap();
        let mut keys = Vec::new();
        // A list leaves the public halves out.
        for Key { id, .. } in listed.into_inner().keys {
            let key = client.get_key(GetKeyRequest { id }).await.unwrap();
            keys.push(key.into_inner());
        }
        keys
    }

    pub async fn stream(&self) -> SignStream {
        let mut client = self.client().await;
        let (send, receive) = mpsc::channel(16);
        let response = client.sign(ReceiverStream::new(receive)).await.unwrap();
        SignStream {
            send,
            results: response.into_inner(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub async fn connect(socket: &Path) -> SignerServiceClient<Channel> {
    let socket = socket.to_owned();
    let connector = tower::service_fn(move |_| {
        let socket = socket.clone();
        async move { UnixStream::connect(socket).await.map(TokioIo::new) }
    });
    let channel = Endpoint::from_static("http://localhost")
        .connect_with_connector(connector)
        .await
        .unwrap();
    SignerServiceClient::new(channel)
}

pub struct SignStream {
    pub send: mpsc::Sender<SignBatchRequest>,
    pub results: Streaming<SignBatchResponse>,
}

impl SignStream {
    pub async fn ask(&mut self, items: Vec<SignItem>) -> Vec<SignResult> {
        let count = items.len();
        self.send.send(batch(items)).await.unwrap();
        self.take(count).await
    }

    pub async fn take(&mut self, count: usize) -> Vec<SignResult> {
        let mut results = Vec::new();
        while results.len() < count {
            let batch = self.results.message().await.unwrap();
            results.extend(batch.expect("the stream ended early").results);
        }
        results
    }
}

pub fn batch(items: Vec<SignItem>) -> SignBatchRequest {
    SignBatchRequest {
        items,
        ..SignBatchRequest::default()
    }
}

pub fn item(id: u32, (key, algorithm): (&str, Algorithm), data: impl Into<Vec<u8>>) -> SignItem {
    SignItem {
        id,
        key: key.into(),
        algorithm: algorithm.into(),
        input: Some(Input::Data(data.into())),
        ..SignItem::default()
    }
}

pub fn signature(result: &SignResult) -> &[u8] {
    match &result.outcome {
        Some(Outcome::Signature(signature)) => signature,
        other => panic!("no signature: {other:?}"),
    }
}

pub fn refusal_of(result: &SignResult) -> &ItemStatus {
    match &result.outcome {
        Some(Outcome::Failure(failure)) => failure,
        other => panic!("no failure: {other:?}"),
    }
}

pub fn is_failure(result: &SignResult) -> bool {
    matches!(result.outcome, Some(Outcome::Failure(_)))
}

pub fn failure(result: &SignResult) -> (tonic::Code, &str) {
    match &result.outcome {
        Some(Outcome::Failure(failure)) => (failure.code.into(), &failure.message),
        other => panic!("no failure: {other:?}"),
    }
}

/// Whether `openssl dgst -verify` accepts the signature.
pub fn openssl_verifies(
    public: &[u8],
    algorithm: Algorithm,
    data: &[u8],
    signature: &[u8],
) -> bool {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::File::create(&path).unwrap().write_all(bytes).unwrap();
        path
    };
    let hash = match algorithm {
        Algorithm::EcdsaP384Sha384 => "-sha384",
        _ => "-sha256",
    };
    let mut command = Command::new("openssl");
    command.args(["dgst", hash, "-keyform", "DER", "-verify"]);
    command.arg(file("key", public));
    if algorithm == Algorithm::RsaPssSha256 {
        command.args([
            "-sigopt",
            "rsa_padding_mode:pss",
            "-sigopt",
            "rsa_pss_saltlen:32",
        ]);
    }
    command.arg("-signature").arg(file("signature", signature));
    command
        .arg(file("data", data))
        .output()
        .unwrap()
        .status
        .success()
}
