//! What a peer may cost: time, places, handshakes, memory.

use crate::common::{PATIENCE, Place, Running, ask, config, connect, echo};
use gatehouse_edge::limits::{Limits, MAX_CONNECTIONS_PER_PEER};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
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
    let mut stream = connect(at, &Arc::new(config(&place.pki, Some(&place.client()))));
    let start = Instant::now();
    // By TLS's goodbye: it isn't an error.
    assert_eq!(stream.read(&mut [0; 9]).unwrap(), 0);
    assert!(start.elapsed() >= SHORT && start.elapsed() < SHORT * 4);
    assert!(seen.try_recv().is_err());
    // One that spoke in time may be silent for longer.
    let mut stream = connect(at, &Arc::new(config(&place.pki, Some(&place.client()))));
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
    let mut stream = connect(at, &Arc::new(config(&place.pki, Some(&place.client()))));
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
    let before = memory_bytes(&edge);
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
    let grown = memory_bytes(&edge).saturating_sub(before);
    assert!(grown < 32 << 20, "{grown}");
}

/// Resident memory of the process.
fn memory_bytes(edge: &Running) -> usize {
    let statm = fs::read_to_string(format!("/proc/{}/statm", edge.child.id())).unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// More than the kernel's own buffers hold on both sides.
const FLOOD_BYTES: usize = 64 << 20;

/// Writes until the other side takes no more; how much went.
fn flood(to: &mut impl Write) -> usize {
    let block = [b'f'; 16 << 10];
    let mut sent = 0;
    while sent < FLOOD_BYTES {
        let start = Instant::now();
        match to.write(&block) {
            Ok(0) | Err(_) => break,
            Ok(more) => sent += more,
        }
        // TLS keeps some for later when the socket takes none.
        if start.elapsed() >= SHORT {
            break;
        }
    }
    sent
}

#[test]
fn a_client_that_does_not_read_costs_a_bounded_buffer_and_loses_nothing() {
    let place = Place::new();
    let (send, held) = std::sync::mpsc::channel();
    let listener = std::os::unix::net::UnixListener::bind(place.path("agent.sock")).unwrap();
    thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        // The header and the first byte; what is left unread would reset the socket.
        thread::sleep(Duration::from_millis(200));
        assert!(socket.read(&mut [0; 16 << 10]).unwrap() > 16);
        socket.set_write_timeout(Some(SHORT)).unwrap();
        send.send(flood(&mut socket)).unwrap();
    });
    let edge = place.start();
    let mut stream = connect(
        edge.at,
        &Arc::new(config(&place.pki, Some(&place.client()))),
    );
    stream.write_all(b"x").unwrap();
    stream.flush().unwrap();
    let before = memory_bytes(&edge);
    // Nothing is read here until the agent was held back.
    let sent = held.recv_timeout(PATIENCE * 3).unwrap();
    assert!(sent < FLOOD_BYTES, "it was never held back");
    let grown = memory_bytes(&edge).saturating_sub(before);
    assert!(grown < 2 << 20, "{grown}");
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    assert_eq!(all.len(), sent);
    assert!(all.iter().all(|byte| *byte == b'f'));
}

#[test]
fn an_agent_that_does_not_read_costs_a_bounded_buffer() {
    let place = Place::new();
    let _seen = place.agent(|socket| {
        thread::sleep(PATIENCE);
        drop(socket);
    });
    let edge = place.start();
    let mut stream = connect(
        edge.at,
        &Arc::new(config(&place.pki, Some(&place.client()))),
    );
    stream.write_all(b"x").unwrap();
    // TLS reads too when it can't write.
    stream.sock.set_read_timeout(Some(SHORT)).unwrap();
    stream.sock.set_write_timeout(Some(SHORT)).unwrap();
    let before = memory_bytes(&edge);
    let sent = flood(&mut stream);
    assert!(sent < FLOOD_BYTES, "it was never held back");
    let grown = memory_bytes(&edge).saturating_sub(before);
    assert!(grown < 2 << 20, "{grown}");
    // Others don't notice.
    let good = config(&place.pki, Some(&place.client()));
    let mut other = connect(edge.at, &Arc::new(good));
    other.write_all(b"x").unwrap();
}

#[test]
fn a_client_that_takes_nothing_for_too_long_is_ended() {
    let place = Place::new();
    let (send, ended) = std::sync::mpsc::channel();
    let listener = std::os::unix::net::UnixListener::bind(place.path("agent.sock")).unwrap();
    thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let start = Instant::now();
        while socket.write_all(&[b'f'; 16 << 10]).is_ok() {}
        send.send(start.elapsed()).unwrap();
    });
    let limits = Limits {
        stall_time: SHORT,
        ..Limits::default()
    };
    let at = place.start_with(limits);
    let mut stream = connect(at, &Arc::new(config(&place.pki, Some(&place.client()))));
    stream.write_all(b"x").unwrap();
    let took = ended.recv_timeout(PATIENCE).unwrap();
    assert!(took >= SHORT, "{took:?}");
    drop(stream);
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

#[test]
fn over_the_budget_who_reads_nothing_is_ended_and_who_reads_is_not() {
    let place = Place::new();
    static ENDED: AtomicUsize = AtomicUsize::new(0);
    // Sends without end.
    let _seen = place.agent(|mut socket| {
        while socket.write_all(&[b'f'; 16 << 10]).is_ok() {}
        ENDED.fetch_add(1, Ordering::Relaxed);
    });
    // Each that reads nothing holds up to 32 KiB: none has room.
    let limits = Limits {
        queued_bytes: 64,
        ..Limits::default()
    };
    let at = place.start_with(limits);
    let config = Arc::new(config(&place.pki, Some(&place.client())));
    let begin = || {
        let mut client = connect(at, &config);
        client.write_all(b"x").unwrap();
        client.flush().unwrap();
        client
    };
    let mut buffer = vec![0; 64 << 10];
    let _stuck: Vec<_> = (0..3).map(|_| begin()).collect();
    let mut reads = begin();
    let start = Instant::now();
    while ENDED.load(Ordering::Relaxed) < 3 {
        assert!(reads.read(&mut buffer).unwrap() > 0);
        assert!(start.elapsed() < PATIENCE);
    }
    let start = Instant::now();
    while start.elapsed() < SHORT {
        assert!(reads.read(&mut buffer).unwrap() > 0);
    }
    assert_eq!(ENDED.load(Ordering::Relaxed), 3);
}
