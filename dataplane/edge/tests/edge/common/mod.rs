//! An edge, an agent that answers behind it, and clients in front, on real sockets.

pub mod header;
pub mod pki;

use gatehouse_edge::kernel_tcp::KernelTcp;
use gatehouse_edge::limits::Limits;
use gatehouse_edge::server::Server;
use header::{Seen, read_header};
use pki::{Identity, Pki};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

pub const PATIENCE: Duration = Duration::from_secs(10);

pub type Client = StreamOwned<ClientConnection, TcpStream>;

/// A directory with PEM files, and the agent's socket in it.
pub struct Place {
    pub dir: tempfile::TempDir,
    pub pki: Pki,
}

impl Place {
    pub fn new() -> Self {
        let place = Self {
            dir: tempfile::tempdir().unwrap(),
            pki: Pki::new("clients and server"),
        };
        place.put_server(&place.pki.server());
        fs::write(place.path("ca.pem"), place.pki.pem()).unwrap();
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn put_server(&self, identity: &Identity) {
        fs::write(self.path("cert.pem"), &identity.pem).unwrap();
        fs::write(self.path("key.pem"), &identity.key_pem).unwrap();
        fs::set_permissions(self.path("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Writes edge.json; whatever stands in `more` comes first.
    pub fn configure(&self, listen: &[(&str, bool)], more: &str) {
        let listen = listen
            .iter()
            .map(|(address, tls)| front(address, *tls, "agent.sock", "h2"));
        self.configure_fronts(&listen.collect::<Vec<_>>(), more);
    }

    /// The same, for listeners that differ in more.
    pub fn configure_fronts(&self, listen: &[serde_json::Value], more: &str) {
        let mut config = serde_json::json!({
            "listen": listen,
            "certificate": "cert.pem",
            "private_key": "key.pem",
            "client_ca": "ca.pem",
        });
        if self.path("crl.pem").exists() {
            config["crl"] = "crl.pem".into();
        }
        let text = config.to_string().replacen('{', &format!("{{{more}"), 1);
        fs::write(self.path("edge.json"), text).unwrap();
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatehouse-edge"));
        command.arg("--config").arg(self.path("edge.json"));
        command
    }

    /// The edge as a process.
    pub fn start(&self) -> Running {
        self.start_on(&[("127.0.0.1:0", true)])
    }

    pub fn start_on(&self, listen: &[(&str, bool)]) -> Running {
        self.configure(listen, "");
        Running::start(self.command())
    }

    /// The edge in this process, with limits of the test's own; it ends with the test.
    pub fn start_with(&self, limits: Limits) -> SocketAddr {
        self.configure(&[("127.0.0.1:0", true)], "");
        let file = self.path("edge.json");
        let (send, ready) = channel();
        thread::spawn(move || {
            let server = Server::new(KernelTcp::default(), &file, limits).unwrap();
            let mut server = server.on_ready(move |addresses| drop(send.send(addresses.to_vec())));
            server.run().unwrap();
        });
        ready.recv_timeout(PATIENCE).unwrap()[0]
    }

    /// The agent: reads the header, then hands the socket to `then`.
    pub fn agent(&self, then: fn(UnixStream)) -> Receiver<Seen> {
        self.agent_at("agent.sock", then)
    }

    pub fn agent_at(&self, socket: &str, then: fn(UnixStream)) -> Receiver<Seen> {
        let listener = UnixListener::bind(self.path(socket)).unwrap();
        let (send, seen) = channel();
        thread::spawn(move || {
            for socket in listener.incoming() {
                let (mut socket, send) = (socket.unwrap(), send.clone());
                thread::spawn(move || {
                    send.send(read_header(&mut socket)).ok();
                    then(socket);
                });
            }
        });
        seen
    }

    /// An agent for one connection: hands its socket, header and all, to `then`.
    pub fn agent_once<T: Send + 'static>(
        &self,
        then: impl FnOnce(UnixStream) -> T + Send + 'static,
    ) -> Receiver<T> {
        let listener = UnixListener::bind(self.path("agent.sock")).unwrap();
        let (send, outcome) = channel();
        thread::spawn(move || {
            let (socket, _) = listener.accept().unwrap();
            send.send(then(socket)).unwrap();
        });
        outcome
    }

    pub fn client(&self) -> Identity {
        self.pki.client("one")
    }

    /// A client whose certificate is good.
    pub fn connect(&self, at: SocketAddr) -> Client {
        let config = config(&self.pki, Some(&self.client()));
        connect(at, &Arc::new(config))
    }
}

/// One of edge.json's listeners.
pub fn front(address: &str, tls: bool, back: &str, alpn: &str) -> serde_json::Value {
    let mut front = serde_json::json!({ "address": address, "tls": tls, "back": back });
    if tls {
        front["alpn"] = serde_json::json!([alpn]);
    }
    front
}

/// Sends back what comes, and ends when that ends.
pub fn echo(mut socket: UnixStream) {
    let mut reader = socket.try_clone().unwrap();
    std::io::copy(&mut reader, &mut socket).ok();
    socket.shutdown(Shutdown::Write).ok();
}

pub struct Running {
    pub child: Child,
    /// What it listened on at the beginning, and the first of that.
    pub all: Vec<SocketAddr>,
    pub at: SocketAddr,
    pub lines: Receiver<String>,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (send, lines) = channel();
        thread::spawn(move || {
            stderr
                .lines()
                .map_while(Result::ok)
                .for_each(|line| drop(send.send(line)))
        });
        let mut running = Self {
            child,
            all: Vec::new(),
            at: SocketAddr::from(([0, 0, 0, 0], 0)),
            lines,
        };
        let addresses = running.ready();
        if let Some(at) = addresses.first() {
            running.at = *at;
        }
        running.all = addresses;
        running
    }

    /// Waits for the next ready line; its addresses.
    pub fn ready(&self) -> Vec<SocketAddr> {
        let line: serde_json::Value = serde_json::from_str(&self.line("\"ready\"")).unwrap();
        let addresses = line["addresses"].as_array().unwrap().iter();
        addresses
            .map(|at| at.as_str().unwrap().parse().unwrap())
            .collect()
    }

    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Resident memory of the process.
    pub fn memory_bytes(&self) -> usize {
        let statm = fs::read_to_string(format!("/proc/{}/statm", self.child.id())).unwrap();
        statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
    }

    /// Waits for a log line with `text` in it.
    pub fn line(&self, text: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap();
            if line.contains(text) {
                return line;
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What a client does; h2 by ALPN unless it says otherwise.
pub fn config(trusted: &Pki, identity: Option<&Identity>) -> ClientConfig {
    config_of(trusted, identity, &[&rustls::version::TLS13])
}

pub fn config_of(
    trusted: &Pki,
    identity: Option<&Identity>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match identity {
        Some(one) => builder
            .with_client_auth_cert(one.chain.clone(), one.key())
            .unwrap(),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

pub fn connect(at: SocketAddr, config: &Arc<ClientConfig>) -> Client {
    let socket = TcpStream::connect(at).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_write_timeout(Some(PATIENCE)).unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    StreamOwned::new(ClientConnection::new(config.clone(), name).unwrap(), socket)
}

/// The text that came back.
pub fn ask(client: &mut Client, text: &str) -> std::io::Result<String> {
    client.write_all(text.as_bytes())?;
    let mut answer = vec![0; text.len()];
    client.read_exact(&mut answer)?;
    Ok(String::from_utf8(answer).unwrap())
}

/// The end comes by TLS's goodbye.
pub fn is_told_goodbye(client: &mut Client) -> bool {
    client.read(&mut [0; 9]).is_ok_and(|read| read == 0)
}

/// One question on a connection of its own; the error as text.
pub fn try_once(at: SocketAddr, config: ClientConfig) -> Result<String, String> {
    ask(&mut connect(at, &Arc::new(config)), "hello").map_err(|error| format!("{error:?} {error}"))
}
