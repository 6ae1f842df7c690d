//! What a peer may cost: time, places, handshakes, memory.

use crate::common::{PATIENCE, Place, ask, config, connect, echo};
use gatehouse_edge::limits::{Limits, MAX_CONNECTIONS_PER_PEER};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(600);

/// How long the edge keeps the socket open while `drip` comes a byte at a time.
fn time_to_end(at: SocketAddr, drip: &[u8]) -> Duration {
    let start = Instant::now();
    let mut socket = TcpStream::connect(at).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let mut sent = 0;
    while start.elapsed() < PATIENCE {
        match socket.read(&mut [0; 64]) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                let _ = socket.write_all(drip.get(sent..=sent).unwrap_or_default());
                sent += 1;
            }
            _ => break,
        }
    }
    start.elapsed()
}

#[test]
fn a_handshake_that_takes_too_long_is_ended_silent_or_dripping() {
    let place = Place::new();
    let limits = Limits {
        handshake_time: SHORT,
        ..Limits::default()
    };
    let at = place.start_with(limits);
    for drip in [
        &[][..],
        &[
            22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
        ],
    ] {
        let took = time_to_end(at, drip);
        assert!(took >= SHORT && took < SHORT * 4, "{drip:?} {took:?}");
    }
}

#[test]
fn a_peer_that_says_nothing_after_the_handshake_is_ended() {
    let place = Place::new();
    let seen = place.agent(echo);
    let limits = Limits {
        first_byte_time: SHORT,
        ..Limits::default()
    };
    let at = place.start_with(limits);
    let mut stream = place.connect(at);
    let start = Instant::now();
    // By TLS's goodbye: it isn't an error.
    assert_eq!(stream.read(&mut [0; 9]).unwrap(), 0);
    assert!(start.elapsed() >= SHORT && start.elapsed() < SHORT * 4);
    assert!(seen.try_recv().is_err());
    // One that spoke in time may be silent for longer.
    let mut stream = place.connect(at);
    ask(&mut stream, "hello").unwrap();
    thread::sleep(SHORT * 2);
    assert_eq!(ask(&mut stream, "still").unwrap(), "still");
}

#[test]
fn a_direction_outlives_the_other_for_its_time_only() {
    let place = Place::new();
    let _seen = place.agent(|socket| {
        thread::sleep(PATIENCE);
        drop(socket);
    });
    let limits = Limits {
        half_closed_time: SHORT,
        ..Limits::default()
    };
    let at = place.start_with(limits);
    let mut stream = place.connect(at);
    stream.write_all(b"x").unwrap();
    stream.conn.send_close_notify();
    stream.flush().unwrap();
    let start = Instant::now();
    assert_eq!(stream.read(&mut [0; 9]).unwrap(), 0);
    assert!(start.elapsed() >= SHORT / 2 && start.elapsed() < SHORT * 4);
}

#[test]
fn one_peer_gets_its_places_and_another_gets_in_beside_it() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let limits = Limits {
        connections_per_peer: 3,
        connections: 5,
        ..Limits::default()
    };
    let at = place.start_with(limits);
    let config = Arc::new(config(&place.pki, Some(&place.client())));
    let mut three: Vec<_> = (0..3).map(|_| connect(at, &config)).collect();
    for stream in &mut three {
        assert_eq!(ask(stream, "in").unwrap(), "in");
    }
    assert!(ask(&mut connect(at, &config), "out").is_err());
    // A place that was left is there for the next.
    drop(three.pop());
    let start = Instant::now();
    while ask(&mut connect(at, &config), "next").is_err() {
        assert!(start.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn no_more_connections_are_held_than_may_be() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let limits = Limits {
        connections: 2,
        ..Limits::default()
    };
    let at = place.start_with(limits);
    let config = Arc::new(config(&place.pki, Some(&place.client())));
    let mut two: Vec<_> = (0..2).map(|_| connect(at, &config)).collect();
    for stream in &mut two {
        assert_eq!(ask(stream, "in").unwrap(), "in");
    }
    assert!(ask(&mut connect(at, &config), "out").is_err());
    assert_eq!(ask(&mut two[0], "still").unwrap(), "still");
}

#[test]
fn handshakes_that_come_too_fast_wait_their_turn() {
    begin_ten_handshakes(Limits {
        handshakes_per_second: 4,
        ..Limits::default()
    });
}

#[test]
fn handshakes_of_one_peer_that_come_too_fast_wait_too() {
    begin_ten_handshakes(Limits {
        handshakes_per_second_per_peer: 4,
        ..Limits::default()
    });
}

fn begin_ten_handshakes(limits: Limits) {
    let place = Place::new();
    let _seen = place.agent(echo);
    let at = place.start_with(limits);
    let config = Arc::new(config(&place.pki, Some(&place.client())));
    let start = Instant::now();
    let clients: Vec<_> = (0..10)
        .map(|_| {
            let config = config.clone();
            thread::spawn(move || ask(&mut connect(at, &config), "hello").unwrap())
        })
        .collect();
    clients
        .into_iter()
        .for_each(|client| drop(client.join().unwrap()));
    // Four at once, six at four a second.
    let took = start.elapsed();
    assert!(
        took >= Duration::from_millis(1300) && took < PATIENCE / 2,
        "{took:?}"
    );
}

#[test]
fn handshakes_begun_and_dropped_leave_it_serving() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let edge = place.start();
    let before = edge.memory_bytes();
    for round in 0..10 {
        let sockets = (0..MAX_CONNECTIONS_PER_PEER).map(|_| TcpStream::connect(edge.at).unwrap());
        for mut socket in sockets.collect::<Vec<_>>() {
            let _ = socket.write_all(&[22, 3, 1, 2, 0, 1, 0][..round % 8]);
        }
    }
    let good = Arc::new(config(&place.pki, Some(&place.client())));
    let start = Instant::now();
    while ask(&mut connect(edge.at, &good), "hello").is_err() {
        assert!(start.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(20));
    }
    let grown = edge.memory_bytes().saturating_sub(before);
    assert!(grown < 32 << 20, "{grown}");
}

#[test]
fn a_peer_with_more_handshakes_than_it_can_wait_for_is_refused() {
    let place = Place::new();
    let _seen = place.agent(echo);
    let limits = Limits {
        handshakes_per_second_per_peer: 1,
        handshake_time: SHORT,
        ..Limits::default()
    };
    let at = place.start_with(limits);
    let config = Arc::new(config(&place.pki, Some(&place.client())));
    ask(&mut connect(at, &config), "first").unwrap();
    let start = Instant::now();
    assert!(ask(&mut connect(at, &config), "second").is_err());
    assert!(start.elapsed() < SHORT, "it waited for nothing");
}
