//! The socket of the metrics.

use crate::common::{PATIENCE, Place, Running, ask, config, connect, echo, try_once};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// With an agent that echoes.
fn start(place: &Place) -> Running {
    place.configure(&[("127.0.0.1:0", true)], r#""metrics": "metrics.sock","#);
    Running::start(place.command())
}

fn request(path: &Path, text: &str) -> String {
    let mut socket = UnixStream::connect(path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

fn metrics(place: &Place) -> String {
    let answer = request(
        &place.path("metrics.sock"),
        "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
    );
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains(&format!("Content-Length: {}", body.len())));
    body.to_owned()
}

fn value(text: &str, name: &str) -> f64 {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_default().parse().unwrap()
}

#[test]
fn what_happens_is_counted() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let edge = start(&place);
    let good = Arc::new(config(&place.pki, Some(&place.client())));
    let mut first = connect(edge.at, &good);
    ask(&mut first, "hello").unwrap();
    ask(&mut connect(edge.at, &good), "again!").unwrap();
    try_once(edge.at, config(&place.pki, Some(&place.pki.expired()))).unwrap_err();
    try_once(edge.at, config(&place.pki, None)).unwrap_err();
    std::fs::write(place.path("edge.json"), "{").unwrap();
    edge.line("the old one stays in use");
    let text = metrics(&place);
    for (name, expected) in [
        ("connections_accepted_total", 4.0),
        ("handshakes_total{kind=\"full\"}", 1.0),
        ("handshakes_total{kind=\"resumed\"}", 1.0),
        (
            "handshakes_failed_total{reason=\"certificate_expired\"}",
            1.0,
        ),
        ("handshakes_failed_total{reason=\"no_certificate\"}", 1.0),
        ("bytes_total{direction=\"in\"}", 11.0),
        ("bytes_total{direction=\"out\"}", 11.0),
        ("queued_bytes", 0.0),
        ("listeners{state=\"open\"}", 1.0),
        ("config_loads_total{result=\"taken\"}", 1.0),
        ("config_loads_total{result=\"refused\"}", 1.0),
    ] {
        assert_eq!(
            value(&text, &format!("gatehouse_edge_{name}")),
            expected,
            "{name}"
        );
    }
    // The test's certificates end in the year 4096.
    assert!(value(&text, "gatehouse_edge_certificate_not_after_seconds") > 6e10);
    assert!(text.contains("/edge.json\"} 1"));
    assert!(value(&text, "gatehouse_edge_connections") >= 1.0);
}

#[test]
fn other_requests_are_refused_and_the_socket_is_for_owner_and_group() {
    let place = Place::new();
    let edge = start(&place);
    let path = place.path("metrics.sock");
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o660
    );
    assert!(request(&path, "POST / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
    assert!(request(&path, "hello\r\n\r\n").starts_with("HTTP/1.1 400 "));
    assert!(request(&path, &"x".repeat(9000)).starts_with("HTTP/1.1 400 "));
    edge.signal("-TERM");
    edge.line("stopping");
    assert!(UnixStream::connect(&path).is_err());
}

#[test]
fn those_who_say_or_read_nothing_keep_nobody_out() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let edge = start(&place);
    let path = place.path("metrics.sock");
    let mut silent: Vec<_> = (0..20)
        .map(|_| UnixStream::connect(&path).unwrap())
        .collect();
    metrics(&place);
    let good = config(&place.pki, Some(&place.client()));
    assert_eq!(try_once(edge.at, good).unwrap(), "hello");
    let begun = Instant::now();
    for socket in &mut silent {
        assert!(!matches!(socket.read(&mut [0; 9]), Ok(1..)));
    }
    assert!(begun.elapsed() < PATIENCE);
}
