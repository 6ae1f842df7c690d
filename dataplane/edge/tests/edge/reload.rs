//! How configuration and certificates change while it runs.

use crate::common::pki::Pki;
use crate::common::{Place, Running, ask, config, connect, echo, is_told_goodbye, try_once};
use gatehouse_edge::limits::Limits;
use rustls::{ClientConfig, HandshakeKind};
use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Few, and more than it needs for itself and two connections.
const DESCRIPTORS: usize = 40;

fn reload(edge: &Running, line: &str) {
    edge.signal("-HUP");
    edge.line(line);
}

#[test]
fn a_reload_takes_a_new_certificate_and_new_anchors_and_keeps_who_is_still_good() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let edge = place.start();
    let old = Arc::new(config(&place.pki, Some(&place.client())));
    let mut open = connect(edge.at, &old);
    assert_eq!(ask(&mut open, "before").unwrap(), "before");

    let next = Pki::new("the next");
    place.put_server(&next.server());
    fs::write(place.path("ca.pem"), place.pki.pem() + &next.pem()).unwrap();
    reload(&edge, "configuration taken");
    assert_eq!(ask(&mut open, "during").unwrap(), "during");
    let new = config(&next, Some(&next.client("two")));
    assert_eq!(try_once(edge.at, new).unwrap(), "hello");

    // Its anchor goes.
    fs::write(place.path("ca.pem"), next.pem()).unwrap();
    reload(&edge, "configuration taken");
    assert!(is_told_goodbye(&mut open));
    edge.line("connection closed");
    let stranger = config(&next, Some(&place.client()));
    assert!(
        try_once(edge.at, stranger)
            .unwrap_err()
            .contains("AlertReceived")
    );
}

#[test]
fn a_reload_of_the_revocation_list_ends_who_is_on_it_and_nobody_else() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let (good, bad) = (place.client(), place.pki.client("two"));
    fs::write(place.path("crl.pem"), place.pki.revocation_list(&[], 3000)).unwrap();
    let edge = place.start();
    let [mut good, mut revoked] = [&good, &bad].map(|one| {
        let mut client = connect(edge.at, &Arc::new(config(&place.pki, Some(one))));
        ask(&mut client, "hello").unwrap();
        client
    });
    let list = place.pki.revocation_list(&[&bad], 3000);
    fs::write(place.path("crl.pem"), list).unwrap();
    assert!(is_told_goodbye(&mut revoked));
    assert!(edge.line("connection closed").contains("evoked"));
    assert_eq!(ask(&mut good, "still").unwrap(), "still");
}

#[test]
fn a_revocation_list_that_came_while_no_descriptor_was_left_counts_once_there_is_one() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let bad = place.client();
    fs::write(place.path("crl.pem"), place.pki.revocation_list(&[], 3000)).unwrap();
    place.configure(&[("127.0.0.1:0", true)], "");
    let mut command = std::process::Command::new("sh");
    let limited = format!("ulimit -n {DESCRIPTORS}; exec \"$0\" \"$@\"");
    command.args(["-c", &limited, env!("CARGO_BIN_EXE_gatehouse-edge")]);
    command.arg("--config").arg(place.path("edge.json"));
    let edge = Running::start(command);
    let mut revoked = connect(edge.at, &Arc::new(config(&place.pki, Some(&bad))));
    ask(&mut revoked, "hello").unwrap();
    let idle: Vec<_> = (0..DESCRIPTORS)
        .map(|_| TcpStream::connect(edge.at).unwrap())
        .collect();
    edge.line("no connection can be accepted now");
    let list = place.pki.revocation_list(&[&bad], 3000);
    fs::write(place.path("crl.pem"), list).unwrap();
    edge.line("the old one stays in use");
    assert_eq!(ask(&mut revoked, "still").unwrap(), "still");
    drop(idle);
    assert!(is_told_goodbye(&mut revoked));
}

#[test]
fn a_connection_ends_when_its_certificate_does() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let limits = Limits {
        recheck_pause: Duration::from_millis(300),
        ..Limits::default()
    };
    let at = place.start_with(limits);
    let brief = place.pki.valid_for(Duration::from_secs(2));
    let [mut brief, mut lasting] = [&brief, &place.client()].map(|one| {
        let mut client = connect(at, &Arc::new(config(&place.pki, Some(one))));
        ask(&mut client, "hello").unwrap();
        client
    });
    assert!(is_told_goodbye(&mut brief));
    assert_eq!(ask(&mut lasting, "still").unwrap(), "still");
}

#[test]
fn tickets_are_taken_no_longer_than_their_keys_last() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let limits = Limits {
        ticket_key_seconds: 1,
        ..Limits::default()
    };
    let at = place.start_with(limits);
    let keeps_tickets = || Arc::new(config(&place.pki, Some(&place.client())));
    let kind = |config: &Arc<ClientConfig>| {
        let mut client = connect(at, config);
        ask(&mut client, "hello").unwrap();
        client.conn.handshake_kind()
    };
    let (first, other) = (keeps_tickets(), keeps_tickets());
    assert_eq!(kind(&first), Some(HandshakeKind::Full));
    assert_eq!(kind(&first), Some(HandshakeKind::Resumed));
    // Two new keys, each made when it is first needed.
    for _ in 0..2 {
        thread::sleep(Duration::from_millis(2100));
        kind(&other);
    }
    assert_eq!(kind(&first), Some(HandshakeKind::Full));
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
            reload(&edge, "the old one stays in use");
        }
        fs::write(place.path(file), good).unwrap();
        assert_eq!(
            try_once(edge.at, config(&place.pki, Some(&client))).unwrap(),
            "hello"
        );
    }
    // A key of another certificate.
    fs::write(place.path("key.pem"), place.pki.server().key_pem).unwrap();
    reload(&edge, "the old one stays in use");
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
    reload(&edge, "configuration taken");
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
fn it_waits_for_a_file_that_is_not_there_and_serves_when_it_comes() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let edge = Running::start(place.command());
    assert!(edge.at.port() == 0, "it listens before it was told to");
    place.configure(&[("127.0.0.1:0", true)], "");
    let at = edge.ready()[0];
    let good = config(&place.pki, Some(&place.client()));
    assert_eq!(try_once(at, good).unwrap(), "hello");
}

#[test]
fn a_key_that_others_may_read_is_not_taken_until_it_is_theirs_no_more() {
    let place = Place::new();
    let set_mode = |mode| {
        fs::set_permissions(place.path("key.pem"), fs::Permissions::from_mode(mode)).unwrap();
    };
    set_mode(0o644);
    let edge = place.start();
    assert_eq!(edge.at.port(), 0);
    set_mode(0o640);
    assert_eq!(edge.ready().len(), 1);
}

#[test]
fn a_fault_in_the_file_is_logged_with_its_place_and_changes_nothing() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let edge = place.start();
    fs::write(
        place.path("edge.json"),
        "{\n  \"listen\": [],\n  \"bakc\": 1\n}",
    )
    .unwrap();
    let line = edge.line("the old one stays in use");
    assert!(
        line.contains("unknown field `bakc`") && line.contains("line 3 column 8"),
        "{line}"
    );
    let good = config(&place.pki, Some(&place.client()));
    assert_eq!(try_once(edge.at, good).unwrap(), "hello");
}

#[test]
fn a_link_that_is_swapped_brings_the_next_version_whole() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let next = Pki::new("the next");
    for (version, pki) in [("1", &place.pki), ("2", &next)] {
        let dir = place.path(version);
        fs::create_dir(&dir).unwrap();
        let server = pki.server();
        for (name, text) in [
            ("c.pem", &server.pem),
            ("k.pem", &server.key_pem),
            ("ca.pem", &pki.pem()),
        ] {
            fs::write(dir.join(name), text).unwrap();
            fs::set_permissions(dir.join(name), fs::Permissions::from_mode(0o640)).unwrap();
        }
        let text = r#"{"listen": [{"address": "127.0.0.1:0", "tls": true, "back": "../agent.sock", "alpn": ["h2"]}],
            "certificate": "c.pem", "private_key": "k.pem", "client_ca": "ca.pem"}"#;
        fs::write(dir.join("edge.json"), text).unwrap();
    }
    symlink("1", place.path("current")).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gatehouse-edge"));
    command.arg("--config").arg(place.path("current/edge.json"));
    let edge = Running::start(command);
    let old = config(&place.pki, Some(&place.client()));
    assert_eq!(try_once(edge.at, old).unwrap(), "hello");
    symlink("2", place.path("next")).unwrap();
    fs::rename(place.path("next"), place.path("current")).unwrap();
    edge.line("/2/edge.json");
    let new = config(&next, Some(&next.client("two")));
    assert_eq!(try_once(edge.at, new).unwrap(), "hello");
}
