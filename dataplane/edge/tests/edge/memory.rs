//! What a side that doesn't read costs: a bounded buffer, for a bounded time.

use crate::common::{PATIENCE, Place, config, connect};
use gatehouse_edge::limits::Limits;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(600);

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
    let held = place.agent_once(|mut socket| {
        // The header and the first byte; what is left unread would reset the socket.
        thread::sleep(Duration::from_millis(200));
        assert!(socket.read(&mut [0; 16 << 10]).unwrap() > 16);
        socket.set_write_timeout(Some(SHORT)).unwrap();
        flood(&mut socket)
    });
    let edge = place.start();
    let mut stream = place.connect(edge.at);
    stream.write_all(b"x").unwrap();
    stream.flush().unwrap();
    let before = edge.memory_bytes();
    // Nothing is read here until the agent was held back.
    let sent = held.recv_timeout(PATIENCE * 3).unwrap();
    assert!(sent < FLOOD_BYTES, "it was never held back");
    let grown = edge.memory_bytes().saturating_sub(before);
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
    let mut stream = place.connect(edge.at);
    stream.write_all(b"x").unwrap();
    // TLS reads too when it can't write.
    stream.sock.set_read_timeout(Some(SHORT)).unwrap();
    stream.sock.set_write_timeout(Some(SHORT)).unwrap();
    let before = edge.memory_bytes();
    let sent = flood(&mut stream);
    assert!(sent < FLOOD_BYTES, "it was never held back");
    let grown = edge.memory_bytes().saturating_sub(before);
    assert!(grown < 2 << 20, "{grown}");
    // Others don't notice.
    let mut other = place.connect(edge.at);
    while other.conn.is_handshaking() {
        other.conn.complete_io(&mut other.sock).unwrap();
    }
}

#[test]
fn a_client_that_takes_nothing_for_too_long_is_ended() {
    let place = Place::new();
    let ended = place.agent_once(|mut socket| {
        let start = Instant::now();
        while socket.write_all(&[b'f'; 16 << 10]).is_ok() {}
        start.elapsed()
    });
    let limits = Limits {
        stall_time: SHORT,
        ..Limits::default()
    };
    let at = place.start_with(limits);
    let mut stream = place.connect(at);
    stream.write_all(b"x").unwrap();
    let took = ended.recv_timeout(PATIENCE).unwrap();
    assert!(took >= SHORT, "{took:?}");
    drop(stream);
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
