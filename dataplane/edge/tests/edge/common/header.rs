//! What the agent reads of a PROXY header.
#![allow(clippy::panic)]

use std::io::Read;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// What the agent was told by one PROXY header.
pub struct Seen {
    pub family: u8,
    /// False: the header has no SSL TLV, and the next two are empty.
    pub tls: bool,
    pub source: SocketAddr,
    pub destination: SocketAddr,
    pub tls_version: String,
    pub certificate_der: Vec<u8>,
    /// Since 1970: when it was accepted, and the end of its handshake if it had one.
    pub times: Vec<Duration>,
}

/// A reader of its own, written against the specification and not against the writer.
pub fn read_header(socket: &mut UnixStream) -> Seen {
    let mut fixed = [0; 16];
    socket.read_exact(&mut fixed).unwrap();
    assert_eq!(&fixed[..12], b"\r\n\r\n\0\r\nQUIT\n");
    assert_eq!(fixed[12], 0x21);
    let mut rest = vec![0; usize::from(u16::from_be_bytes([fixed[14], fixed[15]]))];
    socket.read_exact(&mut rest).unwrap();
    let port = |at: usize| u16::from_be_bytes([rest[at], rest[at + 1]]);
    let (source, destination, tlvs) = if fixed[13] == 0x11 {
        let ip = |at: usize| <[u8; 4]>::try_from(&rest[at..at + 4]).unwrap();
        (
            SocketAddr::from((ip(0), port(8))),
            SocketAddr::from((ip(4), port(10))),
            &rest[12..],
        )
    } else {
        let ip = |at: usize| <[u8; 16]>::try_from(&rest[at..at + 16]).unwrap();
        (
            SocketAddr::from((ip(0), port(32))),
            SocketAddr::from((ip(16), port(34))),
            &rest[36..],
        )
    };
    let mut seen = Seen {
        family: fixed[13],
        tls: tlvs.first() == Some(&0x20),
        source,
        destination,
        tls_version: String::new(),
        certificate_der: Vec::new(),
        times: Vec::new(),
    };
    let timing = tlv(tlvs, 0xe0);
    let (tag, times) = timing.split_at(4);
    assert_eq!(tag, b"GHE\x01");
    let micros = |bytes: &[u8]| u64::from_be_bytes(bytes.try_into().unwrap());
    seen.times = times
        .chunks(8)
        .map(|bytes| Duration::from_micros(micros(bytes)))
        .collect();
    if seen.tls {
        let ssl = tlv(tlvs, 0x20);
        assert_eq!(ssl[..5], [0x03, 0, 0, 0, 0]);
        seen.tls_version = String::from_utf8(tlv(&ssl[5..], 0x21)).unwrap();
        seen.certificate_der = tlv(&ssl[5..], 0x28);
    }
    seen
}

fn tlv(mut bytes: &[u8], kind: u8) -> Vec<u8> {
    while let [found, high, low, rest @ ..] = bytes {
        let (value, others) = rest.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        if *found == kind {
            return value.to_vec();
        }
        bytes = others;
    }
    panic!("no TLV {kind:#x}");
}
