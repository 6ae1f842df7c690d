//! The process and its socket: bad input, takeover, stopping.

use crate::common::{Place, batch, item, refusal, signature, signer};
use gatehouse_signer::limits::MAX_CONNECTIONS;
use gatehouse_signer::proto::v1::Algorithm;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::Duration;

const P256: (&str, Algorithm) = ("default-p256", Algorithm::EcdsaP256Sha256);

#[tokio::test]
async fn garbage_and_half_open_peers_leave_it_signing() {
    let place = Place::new();
    let signer = place.start();
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0xff; 4096],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\x00\x00\x00\x00\x00\x00",
    ] {
        let mut peer = UnixStream::connect(place.socket()).unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        // The signer may hang up in the middle of it.
        let _ = peer.write_all(garbage);
        let _ = peer.read_to_end(&mut Vec::new());
    }
    let half_open: Vec<_> = (0..MAX_CONNECTIONS - 1)
        .map(|_| UnixStream::connect(place.socket()).unwrap())
        .collect();
    signature(&signer.stream().await.ask(vec![item(1, P256, "x")]).await[0]);
    drop(half_open);
}

#[tokio::test]
async fn peers_past_the_limit_wait_until_others_leave() {
    let place = Place::new();
    let signer = place.start();
    let silent: Vec<_> = (0..MAX_CONNECTIONS + 20)
        .map(|_| UnixStream::connect(place.socket()).unwrap())
        .collect();
    drop(silent);
    signature(&signer.stream().await.ask(vec![item(1, P256, "x")]).await[0]);
}

#[tokio::test]
async fn a_stale_socket_is_taken_over_and_a_live_one_or_a_file_is_not() {
    let place = Place::new();
    drop(UnixListener::bind(place.socket()).unwrap());
    assert!(place.socket().exists());
    let _signer = place.start();

    let other = Place::new();
    let command = signer(&place.socket(), &other.state(), &other.sealing_key());
    let (code, message) = refusal(command);
    assert_eq!(code, 75);
    assert!(message.contains("another process answers"), "{message}");

    fs::write(other.socket(), "a file").unwrap();
    let (code, message) = other.refusal();
    assert_eq!(code, 75);
    assert!(message.contains("is no socket"), "{message}");
    assert_eq!(fs::read(other.socket()).unwrap(), b"a file");
}

#[tokio::test]
async fn sigterm_answers_what_is_in_flight_before_the_end() {
    let place = Place::new();
    let mut signer = place.start();
    let mut stream = signer.stream().await;
    let items = (0..500).map(|id| item(id, ("default-rsa", Algorithm::RsaPssSha256), "x"));
    let items = items.collect();
    stream.send.send(batch(items)).await.unwrap();
    let first = stream
        .results
        .message()
        .await
        .unwrap()
        .unwrap()
        .results
        .len();
    let stopped = tokio::spawn(async move { signer.terminate().await });
    let rest = stream.take(500 - first).await;
    rest.iter()
        .for_each(|result| drop(signature(result).to_vec()));
    let status = stream.results.message().await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unavailable);
    drop(stream);
    assert_eq!(stopped.await.unwrap(), Some(0));
}

#[test]
fn systemd_is_told_when_it_is_ready() {
    let place = Place::new();
    let path = place.dir.path().join("notify");
    let notify = UnixDatagram::bind(&path).unwrap();
    notify
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut command = place.command();
    command.env("NOTIFY_SOCKET", &path);
    let _signer = crate::common::Running::start(command, place.socket());
    let mut buffer = [0; 64];
    let len = notify.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..len], b"READY=1");
}

#[test]
fn a_supervised_signer_ends_with_its_parents_pipe() {
    let place = Place::new();
    let mut command = place.command();
    command.arg("--stop-at-stdin-end").stdin(Stdio::piped());
    let mut signer = crate::common::Running::start(command, place.socket());
    drop(signer.child.stdin.take());
    assert_eq!(signer.child.wait().unwrap().code(), Some(0));
}

/// Needs root to become another user; anywhere else the rule is tested beside the code.
#[tokio::test]
async fn a_process_of_another_user_is_hung_up_on_whatever_the_files_mode() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let place = Place::new();
    let signer = place.start();
    for path in [place.dir.path(), &place.socket()] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    }
    let connect = "import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(5)
s.connect(sys.argv[1])
s.send(b'PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n' + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
sys.exit(0 if s.recv(1) else 9)";
    let connect = |uid: u32| {
        let mut command = std::process::Command::new("python3");
        command.args(["-c", connect]).arg(place.socket()).uid(uid);
        command.output().unwrap().status.code()
    };
    assert_eq!(connect(0), Some(0));
    assert_ne!(connect(65_534), Some(0));
    signature(&signer.stream().await.ask(vec![item(1, P256, "x")]).await[0]);
}
