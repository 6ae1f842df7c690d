//! What reaches the agent, and how bytes and ends travel.

use crate::common::{PATIENCE, Place, ask, config, config_of, connect, echo};
use rustls::HandshakeKind;
use rustls::version::{TLS12, TLS13};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[test]
fn the_agent_is_told_who_comes_from_where_over_which_tls() {
    let place = Place::new();
    let seen = place.agent(echo);
    let edge = place.start();
    let client = place.client();
    for (version, name) in [(&TLS13, "TLSv1.3"), (&TLS12, "TLSv1.2")] {
        let config = Arc::new(config_of(&place.pki, Some(&client), &[version]));
        let mut stream = connect(edge.at, &config);
        assert_eq!(ask(&mut stream, "hello").unwrap(), "hello");
        let told = seen.recv_timeout(PATIENCE).unwrap();
        assert_eq!(told.family, 0x11);
        assert_eq!(told.source, stream.sock.local_addr().unwrap());
        assert_eq!(told.destination, edge.at);
        assert_eq!(told.tls_version, name);
        assert_eq!(told.certificate_der, client.chain[0].as_ref());
        assert_eq!(told.times.len(), 2);
        assert_eq!(stream.conn.alpn_protocol(), Some(&b"h2"[..]));
    }
}

#[test]
fn ipv6_clients_are_told_as_such_and_mapped_ones_as_ipv4() {
    let place = Place::new();
    let seen = place.agent(echo);
    let edge = place.start_on(&[("[::]:0", true)]);
    let config = Arc::new(config(&place.pki, Some(&place.client())));
    for (host, family) in [("[::1]", 0x21), ("127.0.0.1", 0x11)] {
        let at = format!("{host}:{}", edge.at.port()).parse().unwrap();
        let mut stream = connect(at, &config);
        ask(&mut stream, "hello").unwrap();
        let told = seen.recv_timeout(PATIENCE).unwrap();
        assert_eq!((told.family, told.destination), (family, at));
        assert_eq!(told.source, stream.sock.local_addr().unwrap());
    }
}

#[test]
fn the_agent_hears_nothing_before_the_first_byte() {
    let place = Place::new();
    let seen = place.agent(echo);
    let edge = place.start();
    let mut stream = place.connect(edge.at);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).unwrap();
    }
    assert!(seen.recv_timeout(Duration::from_millis(300)).is_err());
    ask(&mut stream, "x").unwrap();
    seen.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn the_agent_is_told_when_the_connection_came_and_when_its_handshake_ended() {
    let place = Place::new();
    let seen = place.agent(echo);
    let edge = place.start();
    let since_1970 = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let before = since_1970();
    let mut stream = place.connect(edge.at);
    thread::sleep(Duration::from_millis(100));
    let shaking = since_1970();
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).unwrap();
    }
    thread::sleep(Duration::from_millis(100));
    let asked = since_1970();
    ask(&mut stream, "x").unwrap();
    let told = seen.recv_timeout(PATIENCE).unwrap();
    let [accepted, ended] = told.times[..] else {
        panic!("{:?}", told.times);
    };
    // Two readings of one clock, each cut to microseconds.
    let slack = Duration::from_millis(2);
    assert!(before < accepted + slack && accepted < shaking);
    assert!(shaking < ended && ended < asked);
}

#[test]
fn a_resumed_session_brings_the_same_certificate() {
    let place = Place::new();
    let seen = place.agent(echo);
    let edge = place.start();
    let client = place.client();
    for version in [&TLS13, &TLS12] {
        let config = Arc::new(config_of(&place.pki, Some(&client), &[version]));
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let mut stream = connect(edge.at, &config);
            ask(&mut stream, "hello").unwrap();
            assert_eq!(stream.conn.handshake_kind(), Some(kind));
            let told = seen.recv_timeout(PATIENCE).unwrap();
            assert_eq!(told.certificate_der, client.chain[0].as_ref());
        }
    }
}

#[test]
fn a_lot_arrives_whole_both_ways_at_once() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let edge = place.start();
    let mut stream = place.connect(edge.at);
    let sent: Vec<u8> = (0..8_000_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let mut came = vec![0; sent.len()];
    for (out, back) in sent.chunks(100_003).zip(came.chunks_mut(100_003)) {
        stream.write_all(out).unwrap();
        stream.read_exact(back).unwrap();
    }
    assert!(sent == came);
}

#[test]
fn a_client_that_ends_its_direction_gets_the_rest_of_the_answer() {
    let place = Place::new();
    let _seen = place.agent(|mut socket: UnixStream| {
        let mut question = Vec::new();
        socket.read_to_end(&mut question).unwrap();
        question.extend_from_slice(&[b'.'; 100_000]);
        socket.write_all(&question).unwrap();
    });
    let edge = place.start();
    let mut stream = place.connect(edge.at);
    stream.write_all(b"question").unwrap();
    stream.conn.send_close_notify();
    stream.flush().unwrap();
    let mut answer = Vec::new();
    // It ends by TLS's goodbye, or this is an error.
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(answer.len(), 8 + 100_000);
    assert!(answer.starts_with(b"question."));
}

#[test]
fn an_agent_that_ends_its_direction_still_gets_what_the_client_says() {
    let place = Place::new();
    let heard = place.agent_once(|mut socket| {
        socket.shutdown(Shutdown::Write).unwrap();
        let mut all = Vec::new();
        socket.read_to_end(&mut all).unwrap();
        all
    });
    let edge = place.start();
    let mut stream = place.connect(edge.at);
    stream.write_all(b"first").unwrap();
    assert_eq!(stream.read(&mut [0; 9]).unwrap(), 0);
    stream.write_all(b", then last").unwrap();
    stream.conn.send_close_notify();
    stream.flush().unwrap();
    let all = heard.recv_timeout(PATIENCE).unwrap();
    assert!(all.ends_with(b"first, then last"));
}

#[test]
fn a_connection_cut_off_without_goodbye_ends_at_the_agent_too() {
    let place = Place::new();
    let ended = place.agent_once(|mut socket| {
        let _ = socket.read_to_end(&mut Vec::new());
    });
    let edge = place.start();
    let mut stream = place.connect(edge.at);
    stream.write_all(b"x").unwrap();
    drop(stream.sock);
    ended.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn an_agent_that_comes_back_within_its_time_gets_the_connection() {
    let place = Place::new();
    let edge = place.start();
    let mut stream = place.connect(edge.at);
    stream.write_all(b"hello").unwrap();
    thread::sleep(Duration::from_millis(500));
    let _seen = place.agent(echo);
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"hello");
}

#[test]
fn an_agent_that_stays_away_costs_the_connection_and_a_log_line() {
    let place = Place::new();
    let edge = place.start();
    let mut stream = place.connect(edge.at);
    stream.write_all(b"hello").unwrap();
    let error = stream.read(&mut [0; 5]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    edge.line("Is the agent running?");
}

#[test]
fn a_plain_listener_carries_bytes_as_they_come_and_proves_nobody() {
    let place = Place::new();
    let seen = place.agent(echo);
    let edge = place.start_on(&[("127.0.0.1:0", false)]);
    let mut socket = TcpStream::connect(edge.at).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    assert!(seen.recv_timeout(Duration::from_millis(200)).is_err());
    let sent: Vec<u8> = (0..3_000_000_u32).map(|n| (n >> 3) as u8).collect();
    let mut reading = socket.try_clone().unwrap();
    let came = thread::spawn(move || {
        let mut came = Vec::new();
        reading.read_to_end(&mut came).unwrap();
        came
    });
    socket.write_all(&sent).unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    assert!(came.join().unwrap() == sent);
    let told = seen.recv_timeout(PATIENCE).unwrap();
    assert!(!told.tls);
    assert_eq!(told.times.len(), 1);
    assert_eq!(told.source, socket.local_addr().unwrap());
    assert_eq!(told.destination, edge.at);
}
