//! The two encodings of an ECDSA signature: DER (RFC 3279, 2.2.3) and r||s (IEEE P1363),
//! each number as long as the curve's order. Numbers are only moved, never judged:
//! whether they are in range is the library's to say.

use pkcs8::der::asn1::UintRef;
use pkcs8::der::{Reader, SliceReader};

use crate::proto::v1::EcdsaEncoding;

/// How an ECDSA signature is written. Other kinds have one encoding and ignore it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    #[default]
    Der,
    Raw,
}

impl Encoding {
    /// None for numbers that the API doesn't know.
    #[must_use]
    pub fn from_proto(number: i32) -> Option<Self> {
        EcdsaEncoding::try_from(number)
            .ok()
            .map(|encoding| match encoding {
                EcdsaEncoding::Der => Self::Der,
                EcdsaEncoding::Raw => Self::Raw,
            })
    }
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
/// Lengths from here on take a byte that says how many bytes the length has.
const LONG_LENGTH: usize = 0x80;

/// r||s from DER; none when it isn't DER or a number is longer than the order.
pub(super) fn raw_from_der(der: &[u8], order_bytes: usize) -> Option<Vec<u8>> {
    let mut reader = SliceReader::new(der).ok()?;
    let numbers = reader.sequence(|numbers| {
        let r: UintRef<'_> = numbers.decode()?;
        let s: UintRef<'_> = numbers.decode()?;
        Ok::<_, pkcs8::der::Error>((r, s))
    });
    let (r, s) = numbers.ok()?;
    reader.finish().ok()?;
    let mut raw = Vec::with_capacity(2 * order_bytes);
    for number in [r, s] {
        let zeros = order_bytes.checked_sub(number.as_bytes().len())?;
        raw.resize(raw.len() + zeros, 0);
        raw.extend_from_slice(number.as_bytes());
    }
    Some(raw)
}

/// DER from r||s; none when it isn't twice as long as the order.
pub(super) fn der_from_raw(raw: &[u8], order_bytes: usize) -> Option<Vec<u8>> {
    if raw.len() != 2 * order_bytes {
        return None;
    }
    let (r, s) = raw.split_at_checked(order_bytes)?;
    let (r, s) = (unsigned(r), unsigned(s));
    let len = encoded_len(r) + encoded_len(s);
    let mut der = Vec::with_capacity(len + 3);
    der.push(SEQUENCE);
    if len >= LONG_LENGTH {
        der.push(0x81);
    }
    der.push(u8::try_from(len).ok()?);
    for number in [r, s] {
        der.push(INTEGER);
        der.push(u8::try_from(encoded_len(number) - 2).ok()?);
        if has_high_bit(number) {
            der.push(0);
        }
        der.extend_from_slice(number);
    }
    Some(der)
}

/// The number without its leading zeros; one of them stays of a number that is zero.
fn unsigned(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let kept = zeros.min(number.len().saturating_sub(1));
    number.get(kept..).unwrap_or_default()
}

/// Whether it would read as negative without a zero byte before it.
fn has_high_bit(number: &[u8]) -> bool {
    number.first().is_some_and(|byte| byte & 0x80 != 0)
}

/// Tag, length and content. The largest, of P-521, has 68 bytes.
fn encoded_len(number: &[u8]) -> usize {
    2 + usize::from(has_high_bit(number)) + number.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// r||s whose numbers have that many leading zero bytes.
    fn raw(order_bytes: usize, zeros: (usize, usize), high: u8) -> Vec<u8> {
        let mut raw = Vec::new();
        for zeros in [zeros.0, zeros.1] {
            let zeros = zeros.min(order_bytes);
            raw.resize(raw.len() + zeros, 0);
            if zeros < order_bytes {
                raw.push(high);
                raw.resize(raw.len() + order_bytes - zeros - 1, 0x5a);
            }
        }
        raw
    }

    proptest! {
        #[test]
        fn numbers_survive_the_way_through_der_with_all_their_leading_zeros(
            order_bytes in prop::sample::select(vec![32_usize, 48, 66]),
            zeros in (0_usize..67, 0_usize..67),
            high in 1_u8..,
        ) {
            let raw = raw(order_bytes, zeros, high);
            let der = der_from_raw(&raw, order_bytes).unwrap();
            prop_assert_eq!(raw_from_der(&der, order_bytes).unwrap(), raw);
        }

        #[test]
        fn what_is_read_from_der_gives_the_same_der_again(
            bytes in prop::collection::vec(any::<u8>(), 0..16),
            order_bytes in prop::sample::select(vec![32_usize, 48, 66]),
        ) {
            let mut der = vec![SEQUENCE, bytes.len() as u8];
            der.extend(bytes);
            if let Some(raw) = raw_from_der(&der, order_bytes) {
                prop_assert_eq!(der_from_raw(&raw, order_bytes).unwrap(), der);
            }
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for order_bytes in [32, 48, 66] {
                let _ = raw_from_der(&bytes, order_bytes);
                let _ = der_from_raw(&bytes, order_bytes);
            }
        }
    }

    #[test]
    fn der_that_is_not_the_shortest_or_goes_on_is_refused() {
        let der = der_from_raw(&raw(32, (0, 0), 0x11), 32).unwrap();
        let mut goes_on = der.clone();
        goes_on.push(0);
        let mut long_length = der.clone();
        long_length.insert(1, 0x81);
        for bad in [goes_on, long_length, der[..der.len() - 1].to_vec()] {
            assert_eq!(raw_from_der(&bad, 32), None);
        }
        // A zero byte too many, a negative number, one that is too long.
        for bad in [
            &[0x30, 7, 2, 2, 0, 1, 2, 1, 1][..],
            &[0x30, 6, 2, 1, 0x81, 2, 1, 1],
            &[0x30, 8, 2, 3, 1, 0, 0, 2, 1, 1],
        ] {
            assert_eq!(raw_from_der(bad, 2), None);
        }
    }
}
