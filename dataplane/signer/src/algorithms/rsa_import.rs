//! RSA keys from elsewhere: what the library doesn't look at. It checks that n = p*q
//! and that d and the CRT parameters fit; here stands what makes a key that fits
//! together weak all the same (FIPS 186-5, A.1; CVE-2017-15361; CVE-2022-26320).
//! Whether p and q are prime is left to the trial signature, which fails when they
//! aren't; a key whose maker wanted it to pass is as good as one that he gave away.

use pkcs1::RsaPrivateKeyRef;
use pkcs8::der::Decode;
use std::ops::RangeInclusive;
use zeroize::Zeroizing;

use super::import::bits_of;
use super::{ImportError, Kind};

/// FIPS 186-5, A.1.1: e > 2^16. The library takes no more than 33 bits.
const EXPONENTS: RangeInclusive<u64> = 65_537..=(1 << 33) - 1;

/// FIPS 186-5, A.1.3: |p - q| > 2^(nlen/2 - 100). Closer primes are found from n.
const MIN_DISTANCE_BITS: usize = 100;

/// The primes modulo which 65537 makes but a part of the group. An honest modulus lies in
/// all these parts once in 2^27; one of CVE-2017-15361 (ROCA) always (Nemec et al., "The
/// Return of Coppersmith's Attack", CCS 2017, 2.4).
const ROCA_PRIMES: [u32; 17] = [
    11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157,
];

/// The kind of the key in an RSAPrivateKey (RFC 8017, A.1.2), if it isn't weak.
pub(super) fn check(der: &[u8]) -> Result<Kind, ImportError> {
    let key = RsaPrivateKeyRef::from_der(der)
        .map_err(|_| ImportError::Inconsistent("its RSAPrivateKey isn't DER"))?;
    if key.other_prime_infos.is_some() {
        return Err(ImportError::UnknownKind(
            "an RSA key of more than two primes".into(),
        ));
    }
    let n = key.modulus.as_bytes();
    let bits = bits_of(n);
    let kind = Kind::of_modulus_bits(bits).ok_or_else(|| {
        ImportError::UnknownKind(format!("an RSA key with a modulus of {bits} bits"))
    })?;
    let weak = |what: &str| Err(ImportError::Weak(what.into()));
    match exponent(key.public_exponent.as_bytes()) {
        Some(e) if EXPONENTS.contains(&e) && e % 2 == 1 => {}
        _ => return weak("its public exponent is even, under 65537 or longer than 33 bits"),
    }
    let (p, q) = (key.prime1.as_bytes(), key.prime2.as_bytes());
    if bits_of(p) != bits / 2 || bits_of(q) != bits / 2 {
        return weak("its primes are missing, or not both half as long as its modulus");
    }
    if bits_of(&distance(p, q)) <= bits / 2 - MIN_DISTANCE_BITS {
        return weak("its primes are so close to each other that they can be found");
    }
    if bits_of(key.private_exponent.as_bytes()) <= bits / 2 {
        return weak("its private exponent is so short that it can be found");
    }
    if ROCA_PRIMES.iter().all(|prime| is_power(n, *prime)) {
        return weak("its modulus has the mark of CVE-2017-15361 (ROCA)");
    }
    Ok(kind)
}

fn exponent(bytes: &[u8]) -> Option<u64> {
    let mut padded = [0; 8];
    let at = padded.len().checked_sub(bytes.len())?;
    padded.get_mut(at..)?.copy_from_slice(bytes);
    Some(u64::from_be_bytes(padded))
}

/// |p - q| of two numbers with as many bytes, without leading zero bytes.
fn distance(p: &[u8], q: &[u8]) -> Zeroizing<Vec<u8>> {
    let (larger, smaller) = if p >= q { (p, q) } else { (q, p) };
    let mut difference = Zeroizing::new(vec![0; larger.len()]);
    let mut borrow = false;
    let digits = larger.iter().zip(smaller).zip(difference.iter_mut()).rev();
    for ((large, small), digit) in digits {
        let (once, under) = large.overflowing_sub(*small);
        let (twice, under_again) = once.overflowing_sub(u8::from(borrow));
        borrow = under || under_again;
        *digit = twice;
    }
    let zeros = difference.iter().take_while(|digit| **digit == 0).count();
    Zeroizing::new(difference.iter().skip(zeros).copied().collect())
}

/// Whether n is a power of 65537 modulo that prime.
fn is_power(n: &[u8], prime: u32) -> bool {
    let remainder = n
        .iter()
        .fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime);
    let powers = std::iter::successors(Some(1), |power| Some(power * 65_537 % prime));
    powers.take(prime as usize).any(|power| power == remainder)
}
