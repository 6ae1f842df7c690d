//! What is listened on, while the file that says it changes.

use crate::common::{PATIENCE, Place, ask, echo, is_told_goodbye};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

#[test]
fn listeners_come_and_go_and_the_others_keep_their_ports_and_connections() {
    let place = Place::new();
    let seen = place.agent(echo);
    let edge = place.start();
    let first = edge.at;
    let mut open = place.connect(first);
    ask(&mut open, "before").unwrap();
    assert!(seen.recv_timeout(PATIENCE).unwrap().tls);

    place.configure(&[("[::1]:0", false), ("127.0.0.1:0", true)], "");
    let both = edge.ready();
    assert_eq!(both[1], first);
    assert!(both[0].is_ipv6());
    let mut plain = TcpStream::connect(both[0]).unwrap();
    plain.write_all(b"x").unwrap();
    assert!(!seen.recv_timeout(PATIENCE).unwrap().tls);

    place.configure(&[("[::1]:0", false)], "");
    assert_eq!(edge.ready(), both[..1]);
    assert!(TcpStream::connect(first).is_err());
    assert_eq!(ask(&mut open, "after").unwrap(), "after");

    fs::write(place.path("edge.json"), "{}").unwrap();
    assert_eq!(edge.ready(), []);
    assert!(TcpStream::connect(both[0]).is_err());
    // Who isn't proven to be anyone doesn't outlive the permission; nor who is known
    // by anchors that there are no more.
    assert_eq!(plain.read_to_end(&mut Vec::new()).unwrap(), 1);
    assert!(is_told_goodbye(&mut open));
}

#[test]
fn an_address_that_is_taken_is_logged_once_and_had_when_it_is_free() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let edge = place.start_on(&[(&address, true)]);
    assert_eq!(edge.at.port(), 0);
    drop(taken);
    assert_eq!(edge.ready(), [address.parse::<SocketAddr>().unwrap()]);
}

#[test]
fn both_families_listen_on_one_port() {
    let place = Place::new();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let (v4, v6) = (format!("0.0.0.0:{port}"), format!("[::]:{port}"));
    let edge = place.start_on(&[(&v4, true), (&v6, true)]);
    let addresses: Vec<String> = if edge.at.port() == 0 {
        Vec::new()
    } else {
        vec![edge.at.to_string()]
    };
    assert_eq!(addresses, [v4]);
    assert!(TcpStream::connect(("::1", port)).is_ok());
}
