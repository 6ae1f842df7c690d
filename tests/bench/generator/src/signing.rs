// Calls that sign, and the check of their signatures: each must be there, and of a sample of the calls each must
// verify. Data differs in every item of every call. Must never count a call as right by its status alone.
use std::cell::Cell;
use std::fs;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};

use crate::keys::{Choice, DIGITS};
use crate::message::{varint, varint_field};
use crate::options::Options;
use load::random::Random;

/// Fields 1 and 4, length-delimited: the key, the data, the signature, a batch's items.
const FIELD_1: u8 = 0x0a;
const FIELD_4: u8 = 0x22;
/// KeyType.ECC of crypto.proto.
const ECC: u32 = 1;
/// An ECDSA signature in DER is seldom shorter than 70 bytes.
const MIN_SIGNATURE_BYTES: usize = 60;

/// What verifies an algorithm: its number in crypto.proto, that in gatehouse.v1, and its KeyType.
type Row = (u32, u32, u32, &'static dyn VerificationAlgorithm);
const ALGORITHMS: [Row; 3] = [
    (0, 1, 0, &RSA_PKCS1_2048_8192_SHA256),
    (2, 3, ECC, &ECDSA_P256_SHA256_ASN1),
    (16, 5, ECC, &ECDSA_P384_SHA384_ASN1),
];

/// Where an item of the request has what changes from call to call.
struct Item {
    /// The number in the key's id; none with one key.
    key_at: Option<usize>,
    data_at: usize,
}

pub struct Signing {
    items: Vec<Item>,
    data_bytes: usize,
    choice: Choice,
    public_keys: Vec<UnparsedPublicKey<Vec<u8>>>,
    batched: bool,
    verify_each: u64,
    answers: Cell<u64>,
}

impl Signing {
    /// Appends the request's message, without gRPC's prefix.
    pub fn new(options: &Options, message: &mut Vec<u8>) -> Result<Self, String> {
        let asked = options.algorithm;
        let (_, _, key_type, verified_by) = ALGORITHMS
            .into_iter()
            .find(|&(seed, ours, ..)| asked == if options.key.is_some() { ours } else { seed })
            .ok_or_else(|| format!("--algorithm {asked} is none that can be verified here"))?;
        let file = options
            .public_key
            .as_ref()
            .ok_or("--public-key is missing")?;
        let spki = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let keys = options.keys.unwrap_or(1) as usize;
        if spki.is_empty() || spki.len() % keys != 0 {
            return Err(format!(
                "{} doesn't hold {keys} public keys",
                file.display()
            ));
        }
        let public_keys = spki
            .chunks(spki.len() / keys)
            .map(|one| UnparsedPublicKey::new(verified_by, one.to_vec()))
            .collect();
        let data_bytes = options.payload as usize;
        let batched = options.batch > 1;
        let mut items = Vec::new();
        for _ in 0..options.batch {
            let (item, mut at) = match &options.key {
                None => seeds_item(data_bytes, key_type, asked),
                Some(key) => our_item(data_bytes, key, options.keys.is_some(), asked),
            };
            if batched {
                message.push(FIELD_1);
                varint(message, item.len() as u32);
            }
            at.data_at += message.len();
            at.key_at = at.key_at.map(|key_at| key_at + message.len());
            items.push(at);
            message.extend_from_slice(&item);
        }
        Ok(Self {
            items,
            data_bytes,
            choice: Choice::new(keys, options.zipf),
            public_keys,
            batched,
            verify_each: options.verify_each,
            answers: Cell::new(0),
        })
    }

    /// Signatures of a call.
    pub fn items(&self) -> u64 {
        self.items.len() as u64
    }

    /// Gives each item its own data, and a key where there are several.
    pub fn renew(&self, message: &mut [u8], random: &mut Random) {
        for item in &self.items {
            random.hex(&mut message[item.data_at..item.data_at + self.data_bytes]);
            if let Some(at) = item.key_at {
                let digits = format!("{:0DIGITS$}", self.choice.next(random));
                message[at..at + DIGITS].copy_from_slice(digits.as_bytes());
            }
        }
    }

    /// True when `answer` has a signature for each item and, in a sample of the calls, each verifies.
    pub fn answers(&self, request: &[u8], answer: &[u8]) -> bool {
        self.answers.set(self.answers.get() + 1);
        let verifies = self.answers.get() % self.verify_each == 0;
        let mut rest = answer;
        for item in &self.items {
            let signature = if self.batched {
                // SignBatchItem with its outcome `signed`, which is a SignResponse.
                let Some((one, after)) = field_1(rest) else {
                    return false;
                };
                rest = after;
                field_1(one).and_then(|(signed, _)| field_1(signed))
            } else {
                field_1(rest)
            };
            let Some((signature, _)) = signature else {
                return false;
            };
            if signature.len() < MIN_SIGNATURE_BYTES {
                return false;
            }
            if verifies && !self.verify(request, item, signature) {
                return false;
            }
        }
        !self.batched || rest.is_empty()
    }

    fn verify(&self, request: &[u8], item: &Item, signature: &[u8]) -> bool {
        let number = item.key_at.map_or(Some(0), |at| {
            std::str::from_utf8(&request[at..at + DIGITS])
                .ok()?
                .parse()
                .ok()
        });
        let data = &request[item.data_at..item.data_at + self.data_bytes];
        number
            .and_then(|number: usize| self.public_keys.get(number))
            .is_some_and(|key| key.verify(data, signature).is_ok())
    }
}

/// crypto.SignRequest.
fn seeds_item(data_bytes: usize, key_type: u32, algorithm: u32) -> (Vec<u8>, Item) {
    let mut item = vec![FIELD_1];
    varint(&mut item, data_bytes as u32);
    let data_at = item.len();
    item.resize(data_at + data_bytes, b'0');
    varint_field(&mut item, 2, key_type);
    varint_field(&mut item, 3, algorithm);
    (
        item,
        Item {
            key_at: None,
            data_at,
        },
    )
}

/// gatehouse.v1.SignRequest. With several keys their ids are `key`, a hyphen and a number.
fn our_item(data_bytes: usize, key: &str, several: bool, algorithm: u32) -> (Vec<u8>, Item) {
    let id = if several {
        format!("{key}-{:0DIGITS$}", 0)
    } else {
        key.into()
    };
    let mut item = vec![FIELD_1];
    varint(&mut item, id.len() as u32);
    item.extend_from_slice(id.as_bytes());
    let key_at = several.then(|| item.len() - DIGITS);
    varint_field(&mut item, 3, algorithm);
    item.push(FIELD_4);
    varint(&mut item, data_bytes as u32);
    let data_at = item.len();
    item.resize(data_at + data_bytes, b'0');
    (item, Item { key_at, data_at })
}

/// The message's first field, which is to be number 1 and length-delimited, and what follows it.
fn field_1(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&FIELD_1, mut rest) = message.split_first()? else {
        return None;
    };
    let mut length = 0_usize;
    for shift in (0..28).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return rest.split_at_checked(length);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
    use clap::Parser;
    use std::io::Write;

    /// A call of `batch` items under one key, and the key.
    fn call(batch: u32) -> (Signing, Vec<u8>, EcdsaKeyPair) {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let spki: PublicKeyX509Der = key.public_key().as_der().unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(spki.as_ref()).unwrap();
        let batch = format!("--batch={batch}");
        let public_key = format!("--public-key={}", file.path().display());
        let words = [
            "generator",
            "nowhere",
            "--mode=sign",
            "--key=k",
            "--algorithm=3",
        ];
        let options = Options::parse_from(words.into_iter().chain([
            batch.as_str(),
            &public_key,
            "--verify-each=1",
        ]));
        let mut message = Vec::new();
        let signing = Signing::new(&options, &mut message).unwrap();
        signing.renew(&mut message, &mut Random::new(1));
        (signing, message, key)
    }

    fn signature(signing: &Signing, message: &[u8], item: usize, key: &EcdsaKeyPair) -> Vec<u8> {
        let at = signing.items[item].data_at;
        let data = &message[at..at + signing.data_bytes];
        let signature = key.sign(&SystemRandom::new(), data).unwrap();
        in_field_1(signature.as_ref())
    }

    fn in_field_1(bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![FIELD_1];
        varint(&mut out, bytes.len() as u32);
        out.extend_from_slice(bytes);
        out
    }

    #[test]
    fn a_signature_of_other_data_is_no_answer() {
        let (signing, message, key) = call(1);
        let right = signature(&signing, &message, 0, &key);
        assert!(signing.answers(&message, &right));
        let mut other = message.clone();
        signing.renew(&mut other, &mut Random::new(2));
        assert!(!signing.answers(&other, &right));
        assert!(!signing.answers(&message, &right[..right.len() - 1]));
        assert!(!signing.answers(&message, &[]));
    }

    #[test]
    fn a_batch_needs_every_item_in_its_place() {
        let (signing, message, key) = call(2);
        let item = |number| in_field_1(&in_field_1(&signature(&signing, &message, number, &key)));
        assert!(signing.answers(&message, &[item(0), item(1)].concat()));
        assert!(!signing.answers(&message, &[item(1), item(0)].concat()));
        assert!(!signing.answers(&message, &item(0)));
        assert!(!signing.answers(&message, &[item(0), item(1), item(1)].concat()));
    }
}
