//! Writes the PROXY protocol v2 header that opens a connection to the agent
//! (haproxy's proxy-protocol.txt, 2.2). Never reads one: a header that a client
//! sends is just bytes of its stream.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2, command PROXY.
const VERSION_AND_COMMAND: u8 = 0x21;
const TCP_OVER_IPV4: u8 = 0x11;
const TCP_OVER_IPV6: u8 = 0x21;
/// What stands before the part that the length counts.
const FIXED_BYTES: usize = 16;

const PP2_TYPE_SSL: u8 = 0x20;
const PP2_CLIENT_SSL: u8 = 0x01;
const PP2_CLIENT_CERT_CONN: u8 = 0x02;
const PP2_SUBTYPE_SSL_VERSION: u8 = 0x21;
const PP2_SUBTYPE_SSL_CLIENT_CERT: u8 = 0x28;
/// The client presented a certificate and it was verified.
const VERIFIED: u32 = 0;

/// PP2_TYPE_MIN_CUSTOM: the first of sixteen types that are for those who agree on them.
/// Its value is described beside its parser, src/transport/proxy_v2_tlv.ts.
const TYPE_TIMING: u8 = 0xe0;
/// Others may use the same type for something else: this is ours, in its first version.
const TIMING_TAG: &[u8; 4] = b"GHE\x01";

/// What the header says.
pub struct Origin<'a> {
    pub source: SocketAddr,
    pub destination: SocketAddr,
    /// None for a plain connection: nobody is proven to be anyone.
    pub tls: Option<Proven<'a>>,
    pub timing: Timing,
}

/// When the edge did what for a connection, since 1970; for traces.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timing {
    pub accepted: Duration,
    /// None for a plain connection.
    pub handshake_end: Option<Duration>,
}

/// Only made for a client whose certificate was verified on this very connection.
pub struct Proven<'a> {
    /// As OpenSSL spells it: "TLSv1.3".
    pub tls_version: &'a str,
    pub certificate_der: &'a [u8],
}

/// The whole header; None if the parts don't fit its 16-bit lengths.
#[must_use]
pub fn header(origin: &Origin<'_>) -> Option<Vec<u8>> {
    let mut out = SIGNATURE.to_vec();
    out.push(VERSION_AND_COMMAND);
    put_addresses(&mut out, origin.source, origin.destination);
    if let Some(proven) = &origin.tls {
        put_tlv(&mut out, PP2_TYPE_SSL, &ssl(proven)?)?;
    }
    put_tlv(&mut out, TYPE_TIMING, &timing(origin.timing)?)?;
    let len = u16::try_from(out.len() - FIXED_BYTES).ok()?;
    out.get_mut(FIXED_BYTES - 2..FIXED_BYTES)?
        .copy_from_slice(&len.to_be_bytes());
    Some(out)
}

fn ssl(proven: &Proven<'_>) -> Option<Vec<u8>> {
    let mut ssl = vec![PP2_CLIENT_SSL | PP2_CLIENT_CERT_CONN];
    ssl.extend_from_slice(&VERIFIED.to_be_bytes());
    let version = proven.tls_version.as_bytes();
    put_tlv(&mut ssl, PP2_SUBTYPE_SSL_VERSION, version)?;
    put_tlv(
        &mut ssl,
        PP2_SUBTYPE_SSL_CLIENT_CERT,
        proven.certificate_der,
    )?;
    Some(ssl)
}

/// The tag, then microseconds, 64 bits each.
fn timing(timing: Timing) -> Option<Vec<u8>> {
    let mut out = TIMING_TAG.to_vec();
    for time in [Some(timing.accepted), timing.handshake_end]
        .into_iter()
        .flatten()
    {
        out.extend_from_slice(&u64::try_from(time.as_micros()).ok()?.to_be_bytes());
    }
    Some(out)
}

/// Family, room for the length, addresses, ports.
fn put_addresses(out: &mut Vec<u8>, source: SocketAddr, destination: SocketAddr) {
    // A socket on [::] takes IPv4 clients too; they count as what they are.
    match (source.ip().to_canonical(), destination.ip().to_canonical()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            out.extend_from_slice(&[TCP_OVER_IPV4, 0, 0]);
            out.extend_from_slice(&from.octets());
            out.extend_from_slice(&to.octets());
        }
        (from, to) => {
            out.extend_from_slice(&[TCP_OVER_IPV6, 0, 0]);
            out.extend_from_slice(&as_v6(from));
            out.extend_from_slice(&as_v6(to));
        }
    }
    out.extend_from_slice(&source.port().to_be_bytes());
    out.extend_from_slice(&destination.port().to_be_bytes());
}

fn as_v6(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

fn put_tlv(out: &mut Vec<u8>, kind: u8, value: &[u8]) -> Option<()> {
    let len = u16::try_from(value.len()).ok()?;
    out.push(kind);
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(value);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &str, destination: &str, tls_version: &str, certificate_der: &[u8]) -> Vec<u8> {
        let tls = Some(Proven {
            tls_version,
            certificate_der,
        });
        header(&origin(source, destination, tls)).unwrap()
    }

    fn origin<'a>(source: &str, destination: &str, tls: Option<Proven<'a>>) -> Origin<'a> {
        Origin {
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
            tls,
            timing: Timing {
                accepted: Duration::from_micros(0x0102_0304_0506),
                handshake_end: Some(Duration::from_micros(0x0102_0304_0600)),
            },
        }
    }

    /// The last field of each header here.
    const TIMING: &[u8] = &[
        0xe0, 0, 20, b'G', b'H', b'E', 1, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0, 1, 2, 3, 4, 6, 0,
    ];

    #[test]
    fn a_plain_connections_header_says_nothing_of_tls() {
        let mut origin = origin("192.0.2.1:50000", "198.51.100.7:443", None);
        origin.timing.handshake_end = None;
        let made = header(&origin).unwrap();
        assert_eq!(made[12..16], [0x21, 0x11, 0, 12 + 3 + 12]);
        assert_eq!(
            made[28..],
            [0xe0, 0, 12, b'G', b'H', b'E', 1, 0, 0, 1, 2, 3, 4, 5, 6]
        );
    }

    #[test]
    fn an_ipv4_header_is_these_bytes() {
        let expected: Vec<u8> = [
            &[
                0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
            ][..],
            &[0x21, 0x11, 0, 12 + 3 + 5 + 10 + 6 + 23],
            &[192, 0, 2, 1, 198, 51, 100, 7, 0xc3, 0x50, 0x01, 0xbb],
            &[0x20, 0, 5 + 10 + 6, 0x03, 0, 0, 0, 0],
            &[0x21, 0, 7],
            b"TLSv1.3",
            &[0x28, 0, 3, 0x30, 0x01, 0xff],
            TIMING,
        ]
        .concat();
        let made = of(
            "192.0.2.1:50000",
            "198.51.100.7:443",
            "TLSv1.3",
            &[0x30, 1, 255],
        );
        assert_eq!(made, expected);
        let mapped = of(
            "[::ffff:192.0.2.1]:50000",
            "[::ffff:198.51.100.7]:443",
            "TLSv1.3",
            &[0x30, 1, 255],
        );
        assert_eq!(mapped, expected);
    }

    #[test]
    fn an_ipv6_header_is_these_bytes() {
        let expected: Vec<u8> = [
            &SIGNATURE[..],
            &[0x21, 0x21, 0x01, 0x5a],
            &[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            &[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
            &[0x04, 0xd2, 0x20, 0xfb],
            &[0x20, 0x01, 0x1c, 0x03, 0, 0, 0, 0],
            &[0x21, 0, 7],
            b"TLSv1.2",
            &[0x28, 0x01, 0x0a],
            &[7; 266],
            TIMING,
        ]
        .concat();
        assert_eq!(expected.len() - 16, 0x15a);
        let made = of(
            "[2001:db8::1]:1234",
            "[2001:db8::2]:8443",
            "TLSv1.2",
            &[7; 266],
        );
        assert_eq!(made, expected);
    }

    #[test]
    fn what_16_bits_cannot_count_makes_no_header() {
        for len in [65_500, 65_530, 65_535, 65_536] {
            let proven = Proven {
                tls_version: "TLSv1.3",
                certificate_der: &vec![0; len],
            };
            let origin = origin("192.0.2.1:1", "192.0.2.2:2", Some(proven));
            assert!(header(&origin).is_none(), "{len}");
        }
    }
}
