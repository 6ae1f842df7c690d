//! Who gets no connection to the agent, and what it is told.

use crate::common::pki::Pki;
use crate::common::{Place, Running, config, config_of, connect, echo, try_once};
use rcgen::ExtendedKeyUsagePurpose;
use rustls::ClientConfig;
use rustls::version::{TLS12, TLS13};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::TryRecvError;

/// Refused with `alert`, logged, and the agent heard nothing; a good client is served after.
fn is_refused(place: &Place, refused: ClientConfig, alert: &str) -> Running {
    let seen = place.agent(echo);
    let edge = place.start();
    let error = try_once(edge.at, refused).unwrap_err();
    assert!(error.contains(alert), "{error}");
    edge.line("connection refused");
    assert_eq!(seen.try_recv().err(), Some(TryRecvError::Empty));
    let good = config(&place.pki, Some(&place.client()));
    assert_eq!(try_once(edge.at, good).unwrap(), "hello");
    edge
}

#[test]
fn a_client_without_a_certificate_is_refused() {
    let place = Place::new();
    is_refused(&place, config(&place.pki, None), "CertificateRequired");
}

#[test]
fn a_client_without_a_certificate_is_refused_over_tls_1_2() {
    let place = Place::new();
    let anonymous = config_of(&place.pki, None, &[&TLS12]);
    is_refused(&place, anonymous, "CertificateRequired");
}

#[test]
fn a_certificate_of_another_authority_is_refused() {
    let place = Place::new();
    let stranger = Pki::new("another").client("one");
    is_refused(&place, config(&place.pki, Some(&stranger)), "UnknownCA");
}

#[test]
fn an_authority_of_the_same_name_with_another_key_is_refused() {
    let place = Place::new();
    let forger = Pki::new("clients and server").client("one");
    is_refused(&place, config(&place.pki, Some(&forger)), "AlertReceived");
}

#[test]
fn an_expired_certificate_is_refused() {
    let place = Place::new();
    let expired = config(&place.pki, Some(&place.pki.expired()));
    is_refused(&place, expired, "CertificateExpired");
}

#[test]
fn a_certificate_that_is_not_valid_yet_is_refused() {
    let place = Place::new();
    let young = config(&place.pki, Some(&place.pki.not_yet_valid()));
    is_refused(&place, young, "AlertReceived(CertificateExpired)");
}

#[test]
fn a_server_certificate_is_no_client_certificate() {
    let place = Place::new();
    let usage = ExtendedKeyUsagePurpose::ServerAuth;
    let server = place.pki.issue("one", usage, |_| {});
    is_refused(&place, config(&place.pki, Some(&server)), "AlertReceived");
}

#[test]
fn a_revoked_certificate_is_refused_and_another_is_not() {
    let place = Place::new();
    let revoked = place.client();
    fs::write(
        place.path("crl.pem"),
        place.pki.revocation_list(&[&revoked], 3000),
    )
    .unwrap();
    is_refused(
        &place,
        config(&place.pki, Some(&revoked)),
        "CertificateRevoked",
    );
}

#[test]
fn a_stale_revocation_list_refuses_everyone() {
    let place = Place::new();
    fs::write(place.path("crl.pem"), place.pki.revocation_list(&[], 2021)).unwrap();
    let _seen = place.agent(echo);
    let edge = place.start();
    let refused = try_once(edge.at, config(&place.pki, Some(&place.client())));
    assert!(refused.unwrap_err().contains("AlertReceived"));
}

#[test]
fn a_client_that_offers_no_alpn_is_refused() {
    let place = Place::new();
    let mut silent = config(&place.pki, Some(&place.client()));
    silent.alpn_protocols.clear();
    is_refused(&place, silent, "NoApplicationProtocol");
}

#[test]
fn a_client_that_offers_another_protocol_is_refused() {
    let place = Place::new();
    let mut other = config_of(&place.pki, Some(&place.client()), &[&TLS12, &TLS13]);
    other.alpn_protocols = vec![b"http/1.1".to_vec()];
    is_refused(&place, other, "NoApplicationProtocol");
}

/// What comes back until the end.
fn answer_to(edge: &Running, bytes: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(edge.at).unwrap();
    socket
        .set_read_timeout(Some(crate::common::PATIENCE))
        .unwrap();
    let _ = socket.write_all(bytes);
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    answer
}

/// A ClientHello of TLS 1.1: no supported_versions; ALPN h2, signatures, groups.
fn hello_of_tls_1_1() -> Vec<u8> {
    let extensions: Vec<u8> = [
        &[0x00, 0x0d, 0, 4, 0, 2, 0x04, 0x03][..],
        &[0x00, 0x0a, 0, 4, 0, 2, 0x00, 0x17],
        &[0x00, 0x0b, 0, 2, 1, 0],
        &[0x00, 0x10, 0, 5, 0, 3, 2, b'h', b'2'],
    ]
    .concat();
    let body = [
        &[0x03, 0x02][..],
        &[7; 32],
        &[0, 0, 4, 0xc0, 0x09, 0xc0, 0x13, 1, 0, 0],
        &[u8::try_from(extensions.len()).unwrap()],
        &extensions,
    ]
    .concat();
    let len = u8::try_from(body.len()).unwrap();
    [&[22, 3, 1, 0, len + 4, 1, 0, 0, len][..], &body].concat()
}

#[test]
fn tls_1_1_is_refused_by_its_alert() {
    let place = Place::new();
    let edge = place.start();
    let answer = answer_to(&edge, &hello_of_tls_1_1());
    // Fatal, protocol_version.
    assert_eq!(answer[5..], [2, 70], "{answer:?}");
}

/// A ClientHello's first record, which says that `len` bytes come, and `records` in all.
fn endless_hello(records: usize) -> Vec<u8> {
    let first = [
        &[22, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff, 3, 3][..],
        &[0; 0x4000 - 6],
    ]
    .concat();
    let next = [&[22, 3, 1, 0x40, 0][..], &[0; 0x4000]].concat();
    [first, next.repeat(records - 1)].concat()
}

#[test]
fn a_client_hello_is_read_to_its_bound_and_no_further() {
    let place = Place::new();
    let edge = place.start();
    assert!(answer_to(&edge, &endless_hello(3)).is_empty());
    assert!(edge.line("connection refused").contains("too long"));
}

#[test]
fn a_record_that_is_cut_off_or_too_long_is_refused() {
    let place = Place::new();
    let edge = place.start();
    let mut socket = TcpStream::connect(edge.at).unwrap();
    socket.write_all(&hello_of_tls_1_1()[..40]).unwrap();
    socket.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(socket.read(&mut [0; 9]).unwrap(), 0);
    assert!(edge.line("connection refused").contains("left before"));
    // 18,433 bytes, one more than a record may have (RFC 8446, 5.2).
    let answer = answer_to(&edge, &[&[22, 3, 1, 0x48, 0x01][..], &[0; 0x4801]].concat());
    assert!(answer.len() <= 7, "{answer:?}");
    edge.line("connection refused");
}

#[test]
fn garbage_is_refused_and_leaves_it_serving() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let edge = place.start();
    let long_hello = [&[22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff][..], &[0; 0x3ffc]].concat();
    for garbage in [
        &b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\x7f\0\0\x01\x7f\0\0\x01\0\x01\0\x02",
        &[0xff; 70_000],
        &[0; 20_000],
        &long_hello,
    ] {
        let answer = answer_to(&edge, garbage);
        assert!(answer.len() <= 7, "{answer:?}");
        edge.line("connection refused");
    }
    let good = config(&place.pki, Some(&place.client()));
    assert_eq!(try_once(edge.at, good).unwrap(), "hello");
}

#[test]
fn garbage_after_the_handshake_ends_only_that_connection() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let edge = place.start();
    let config = std::sync::Arc::new(config(&place.pki, Some(&place.client())));
    let mut other = connect(edge.at, &config);
    assert_eq!(crate::common::ask(&mut other, "before").unwrap(), "before");
    let mut client = connect(edge.at, &config);
    assert_eq!(crate::common::ask(&mut client, "fine").unwrap(), "fine");
    client.sock.write_all(&[23, 3, 3, 0, 40]).unwrap();
    client.sock.write_all(&[9; 40]).unwrap();
    assert!(client.read(&mut [0; 9]).is_err());
    assert_eq!(crate::common::ask(&mut other, "after").unwrap(), "after");
}
