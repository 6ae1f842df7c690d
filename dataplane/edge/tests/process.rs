//! The process: its files, signals and exit codes.
#![allow(clippy::unwrap_used)]

mod common;

use common::pki::Pki;
use common::{PATIENCE, Place, Running, ask, config, connect, echo, try_once};
use rustls::HandshakeKind;
use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How the command ends, and what it says.
fn refusal(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn reload(edge: &Running, line: &str) {
    edge.signal("-HUP");
    edge.line(line);
}

#[test]
fn a_reload_takes_a_new_certificate_and_new_anchors_and_keeps_what_is_open() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let edge = place.start();
    let old = Arc::new(config(&place.pki, Some(&place.client())));
    let mut open = connect(edge.at, &old);
    assert_eq!(ask(&mut open, "before").unwrap(), "before");

    let next = Pki::new("the next");
    place.put_server(&next.server());
    fs::write(place.path("ca.pem"), next.pem()).unwrap();
    reload(&edge, "certificates reloaded");
    let new = config(&next, Some(&next.client("two")));
    assert_eq!(try_once(edge.at, new).unwrap(), "hello");
    let stranger = config(&next, Some(&place.client()));
    assert!(
        try_once(edge.at, stranger)
            .unwrap_err()
            .contains("AlertReceived")
    );
    assert_eq!(ask(&mut open, "after").unwrap(), "after");
}

#[test]
fn a_bad_file_keeps_the_old_ones_and_is_logged() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let edge = place.start();
    let client = place.client();
    for file in ["cert.pem", "key.pem", "ca.pem"] {
        let good = fs::read(place.path(file)).unwrap();
        for bad in [
            "",
            "no PEM",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            fs::write(place.path(file), bad).unwrap();
            reload(&edge, "the old ones stay in use");
        }
        fs::write(place.path(file), good).unwrap();
        assert_eq!(
            try_once(edge.at, config(&place.pki, Some(&client))).unwrap(),
            "hello"
        );
    }
    // A key of another certificate.
    fs::write(place.path("key.pem"), place.pki.server().key_pem).unwrap();
    reload(&edge, "the old ones stay in use");
    assert_eq!(
        try_once(edge.at, config(&place.pki, Some(&client))).unwrap(),
        "hello"
    );
}

#[test]
fn a_certificate_revoked_by_a_reload_is_not_resumed() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let (good, bad) = (place.client(), place.pki.client("two"));
    fs::write(place.path("crl.pem"), place.pki.revocation_list(&[], 3000)).unwrap();
    let edge = place.start();
    let keeps_tickets = Arc::new(config(&place.pki, Some(&bad)));
    for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
        let mut stream = connect(edge.at, &keeps_tickets);
        ask(&mut stream, "hello").unwrap();
        assert_eq!(stream.conn.handshake_kind(), Some(kind));
    }
    fs::write(
        place.path("crl.pem"),
        place.pki.revocation_list(&[&bad], 3000),
    )
    .unwrap();
    reload(&edge, "certificates reloaded");
    assert!(ask(&mut connect(edge.at, &keeps_tickets), "hello").is_err());
    assert_eq!(
        try_once(edge.at, config(&place.pki, Some(&good))).unwrap(),
        "hello"
    );
}

#[test]
fn a_certificate_that_expired_since_is_not_resumed() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let edge = place.start();
    let brief = place.pki.valid_for(Duration::from_secs(4));
    let keeps_tickets = Arc::new(config(&place.pki, Some(&brief)));
    assert_eq!(
        ask(&mut connect(edge.at, &keeps_tickets), "hello").unwrap(),
        "hello"
    );
    thread::sleep(Duration::from_secs(5));
    let mut stream = connect(edge.at, &keeps_tickets);
    assert!(ask(&mut stream, "hello").is_err());
    assert_eq!(stream.conn.handshake_kind(), Some(HandshakeKind::Resumed));
    edge.line("xpired");
}

#[test]
fn sigterm_lets_what_is_open_finish_and_takes_nothing_new() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let mut edge = place.start();
    let client = Arc::new(config(&place.pki, Some(&place.client())));
    let mut open = connect(edge.at, &client);
    ask(&mut open, "before").unwrap();
    edge.signal("-TERM");
    edge.line("stopping");
    assert_eq!(ask(&mut open, "during").unwrap(), "during");
    assert!(TcpStream::connect(edge.at).is_err());
    let start = Instant::now();
    open.conn.send_close_notify();
    ask(&mut open, "").unwrap();
    drop(open);
    assert_eq!(edge.child.wait().unwrap().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[test]
fn sigterm_ends_after_its_grace_whatever_is_open() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let mut edge = place.start();
    let mut open = connect(
        edge.at,
        &Arc::new(config(&place.pki, Some(&place.client()))),
    );
    ask(&mut open, "before").unwrap();
    edge.signal("-TERM");
    let start = Instant::now();
    assert_eq!(edge.child.wait().unwrap().code(), Some(0));
    assert!(start.elapsed() < PATIENCE);
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let place = Place::new();
    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(place.path("key.pem"), fs::Permissions::from_mode(mode)).unwrap();
        let (code, message) = refusal(place.command("127.0.0.1:0"));
        assert_eq!(code, Some(66));
        assert!(message.contains("chmod 600"), "{message}");
    }
}

#[test]
fn bad_starts_say_what_to_do_by_their_exit_codes() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert_eq!(refusal(place.command(&address)).0, Some(75));
    assert_eq!(refusal(place.command("nonsense")).0, Some(71));
    fs::remove_file(place.path("ca.pem")).unwrap();
    let (code, message) = refusal(place.command("127.0.0.1:0"));
    assert_eq!(code, Some(66));
    assert!(message.contains("ca.pem"), "{message}");
    let mut bare = Command::new(env!("CARGO_BIN_EXE_gatehouse-edge"));
    bare.arg("--listen").arg("127.0.0.1:0");
    assert_eq!(refusal(bare).0, Some(2));
}

#[test]
fn several_addresses_are_all_in_the_ready_line() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let mut command = place.command("127.0.0.1:0");
    command.args(["--listen", "[::1]:0"]);
    let edge = Running::start(command);
    assert_eq!(edge.addresses.len(), 2);
    for at in &edge.addresses {
        let good = config(&place.pki, Some(&place.client()));
        assert_eq!(try_once(*at, good).unwrap(), "hello");
    }
}
