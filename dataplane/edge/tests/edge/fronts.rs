//! Two fronts of the agent behind one edge: gRPC, which is HTTP/2 by ALPN, and the
//! gateway, which is HTTP/1.1 with or without it. Who comes is proven alike at both.
#![allow(clippy::panic)]

use crate::common::header::Seen;
use crate::common::{Client, try_once};
use crate::common::{PATIENCE, Place, Running, ask, config, config_of, connect, echo, front};
use rustls::HandshakeKind;
use rustls::version::{TLS12, TLS13};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

struct Fronts {
    place: Place,
    edge: Running,
    grpc: SocketAddr,
    gateway: SocketAddr,
    to_grpc: Receiver<Seen>,
    to_gateway: Receiver<Seen>,
}

impl Fronts {
    /// `limits` as edge.json has them.
    fn open(limits: &str) -> Self {
        let place = Place::new();
        let to_grpc = place.agent(echo);
        let to_gateway = place.agent_at("gateway.sock", echo);
        let fronts = [
            front("127.0.0.1:0", true, "agent.sock", "h2"),
            front("127.0.0.1:0", true, "gateway.sock", "http/1.1"),
        ];
        place.configure_fronts(&fronts, limits);
        let edge = Running::start(place.command());
        let [grpc, gateway] = edge.all[..] else {
            panic!("{:?}", edge.all);
        };
        Self {
            place,
            edge,
            grpc,
            gateway,
            to_grpc,
            to_gateway,
        }
    }

    /// A good client that offers `alpn`; empty: it doesn't speak of ALPN.
    fn connect(&self, at: SocketAddr, alpn: &[&str]) -> Client {
        self.connect_by(at, alpn, &TLS13)
    }

    fn connect_by(
        &self,
        at: SocketAddr,
        alpn: &[&str],
        version: &'static rustls::SupportedProtocolVersion,
    ) -> Client {
        let client = self.place.client();
        let mut config = config_of(&self.place.pki, Some(&client), &[version]);
        config.alpn_protocols = alpn.iter().map(|one| one.as_bytes().to_vec()).collect();
        connect(at, &Arc::new(config))
    }
}

#[test]
fn the_gateway_takes_http_1_1_and_who_says_nothing_by_either_tls() {
    let fronts = Fronts::open("");
    for version in [&TLS13, &TLS12] {
        for (alpn, settled) in [
            (&["http/1.1"][..], Some(&b"http/1.1"[..])),
            // As browsers do.
            (&["h2", "http/1.1"], Some(b"http/1.1")),
            // As curl --no-alpn and older libraries do (RFC 7301, 3.1: it is an extension).
            (&[], None),
        ] {
            let mut client = fronts.connect_by(fronts.gateway, alpn, version);
            assert_eq!(
                ask(&mut client, "GET / HTTP/1.1").unwrap(),
                "GET / HTTP/1.1"
            );
            assert_eq!(client.conn.alpn_protocol(), settled);
            let told = fronts.to_gateway.recv_timeout(PATIENCE).unwrap();
            assert!(told.tls && !told.certificate_der.is_empty());
            assert_eq!(told.destination, fronts.gateway);
        }
    }
    assert!(fronts.to_grpc.try_recv().is_err());
}

#[test]
fn what_is_not_spoken_at_a_front_is_refused_by_its_alert_and_reaches_no_agent() {
    let fronts = Fronts::open("");
    for (at, alpn) in [
        (fronts.gateway, &["h2"][..]),
        (fronts.gateway, &["http/1.0", "h3"]),
        (fronts.grpc, &["http/1.1"]),
        (fronts.grpc, &[]),
    ] {
        let error = ask(&mut fronts.connect(at, alpn), "hello").unwrap_err();
        let text = format!("{error:?}");
        assert!(text.contains("NoApplicationProtocol"), "{alpn:?} {text}");
        fronts.edge.line("spoken here");
    }
    assert!(fronts.to_grpc.try_recv().is_err() && fronts.to_gateway.try_recv().is_err());
}

#[test]
fn each_front_reaches_its_own_socket() {
    let fronts = Fronts::open("");
    let mut grpc = fronts.connect(fronts.grpc, &["h2"]);
    ask(&mut grpc, "hello").unwrap();
    let told = fronts.to_grpc.recv_timeout(PATIENCE).unwrap();
    assert_eq!(told.destination, fronts.grpc);
    assert!(fronts.to_gateway.try_recv().is_err());
}

#[test]
fn a_client_without_a_good_certificate_reaches_the_gateway_no_more_than_grpc() {
    let fronts = Fronts::open("");
    let pki = &fronts.place.pki;
    for (identity, alert) in [
        (None, "CertificateRequired"),
        (Some(pki.expired()), "CertificateExpired"),
    ] {
        let mut config = config(pki, identity.as_ref());
        config.alpn_protocols.clear();
        let error = try_once(fronts.gateway, config).unwrap_err();
        assert!(error.contains(alert), "{error}");
    }
    let revoked = fronts.place.client();
    let list = pki.revocation_list(&[&revoked], 3000);
    std::fs::write(fronts.place.path("crl.pem"), list).unwrap();
    let listen = [front("127.0.0.1:0", true, "gateway.sock", "http/1.1")];
    fronts.place.configure_fronts(&listen, "");
    let at = fronts.edge.ready()[0];
    let mut config = config(pki, Some(&revoked));
    config.alpn_protocols.clear();
    let error = try_once(at, config).unwrap_err();
    assert!(error.contains("CertificateRevoked"), "{error}");
    assert!(fronts.to_gateway.try_recv().is_err());
}

#[test]
fn connections_of_both_fronts_count_together() {
    let fronts = Fronts::open(r#""limits": {"max_connections_per_peer": 2},"#);
    let mut first = fronts.connect(fronts.grpc, &["h2"]);
    ask(&mut first, "one").unwrap();
    let mut second = fronts.connect(fronts.gateway, &["http/1.1"]);
    ask(&mut second, "two").unwrap();
    for at in [fronts.grpc, fronts.gateway] {
        let mut third = TcpStream::connect(at).unwrap();
        assert!(!matches!(third.read(&mut [0; 1]), Ok(1..)));
        fronts
            .edge
            .line("the peer has as many connections as it may");
    }
    drop(first);
    // Its place is free as soon as the edge has seen that.
    let mut later = fronts.connect(fronts.gateway, &[]);
    while ask(&mut later, "three").is_err() {
        later = fronts.connect(fronts.gateway, &[]);
    }
}

#[test]
fn a_session_of_one_front_is_resumed_at_the_other_and_settles_there_anew() {
    let fronts = Fronts::open("");
    let identity = fronts.place.client();
    let mut config = config(&fronts.place.pki, Some(&identity));
    config.alpn_protocols = ["h2", "http/1.1"].map(|one| one.as_bytes().to_vec()).into();
    let config = Arc::new(config);
    for (at, kind, settled, seen) in [
        (fronts.grpc, HandshakeKind::Full, "h2", &fronts.to_grpc),
        (
            fronts.gateway,
            HandshakeKind::Resumed,
            "http/1.1",
            &fronts.to_gateway,
        ),
    ] {
        let mut client = connect(at, &config);
        ask(&mut client, "hello").unwrap();
        assert_eq!(client.conn.handshake_kind(), Some(kind));
        assert_eq!(client.conn.alpn_protocol(), Some(settled.as_bytes()));
        let told = seen.recv_timeout(PATIENCE).unwrap();
        assert_eq!(told.certificate_der, identity.chain[0].as_ref());
    }
}

#[test]
fn plain_connections_end_when_their_own_front_may_not_be_plain_any_more() {
    let fronts = Fronts::open("");
    let plain = [
        front("127.0.0.1:0", false, "agent.sock", ""),
        front("127.0.0.1:0", false, "gateway.sock", ""),
    ];
    fronts.place.configure_fronts(&plain, "");
    let at = fronts.edge.ready();
    let [mut grpc, mut gateway] = [at[0], at[1]].map(|at| {
        let mut socket = TcpStream::connect(at).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.write_all(b"x").unwrap();
        socket.read_exact(&mut [0]).unwrap();
        socket
    });
    fronts.place.configure_fronts(&plain[1..], "");
    assert_eq!(grpc.read(&mut [0]).unwrap(), 0);
    gateway.write_all(b"x").unwrap();
    gateway.read_exact(&mut [0]).unwrap();
}
