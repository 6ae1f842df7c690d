//! Between the API's messages and what the store keeps. Whatever a caller chooses is
//! checked here, each field named in its refusal.

use std::collections::BTreeMap;
use tonic::Status;

use super::status::invalid;
use crate::algorithms::Kind;
use crate::proto::v1::{Algorithm, Key, KeyPolicy, KeyVersion, Transport};
use crate::store::bounds::{
    MAX_ID_BYTES, MAX_IDENTITY_BYTES, MAX_LABEL_VALUE_BYTES, MAX_LABELS, MAX_POLICY_IDENTITIES,
};
use crate::store::{Policy, StoredKey};

/// Random bytes of an id that the appliance chooses.
const ID_BYTES: usize = 10;

/// As the API shows it; without its public halves in a list.
pub fn key(stored: StoredKey, with_public_halves: bool) -> Key {
    let StoredKey { record, versions } = stored;
    let versions = versions.into_iter().map(|version| KeyVersion {
        version: version.version,
        public_key_der: match with_public_halves {
            true => version.public_key_der,
            false => Vec::new(),
        },
        created_at_ms: version.created_at_ms,
    });
    Key {
        kind: number(record.kind),
        state: number(record.state as u32),
        revision: record.revision,
        policy: Some(shown_policy(&record.policy)),
        labels: record.labels,
        versions: versions.collect(),
        created_at_ms: record.created_at_ms,
        delete_at_ms: record.delete_at_ms,
        imported: record.imported,
        id: record.id,
    }
}

fn shown_policy(policy: &Policy) -> KeyPolicy {
    let numbers = |given: &[u32]| given.iter().copied().map(number).collect();
    KeyPolicy {
        algorithms: numbers(&policy.algorithms),
        identities: policy.identities.clone(),
        transports: numbers(&policy.transports),
        not_before_ms: policy.not_before_ms,
        not_after_ms: policy.not_after_ms,
        signatures_per_second: policy.signatures_per_second,
    }
}

/// An enumeration's number, as protobuf has it.
fn number(stored: u32) -> i32 {
    i32::try_from(stored).unwrap_or(i32::MAX)
}

/// # Errors
/// A kind that isn't offered.
pub fn kind(given: i32) -> Result<Kind, Status> {
    Kind::from_proto(given).ok_or_else(|| {
        let names = Kind::ALL.map(Kind::name).join(", ");
        invalid(format!("kind: {given} is none; use one of {names}"))
    })
}

/// The id that was asked for, or one of our own.
///
/// # Errors
/// One that isn't well-formed.
pub fn id(given: String) -> Result<String, Status> {
    if !given.is_empty() {
        return name("id", &given).map(|()| given);
    }
    let mut bytes = [0; ID_BYTES];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Status::internal("no random numbers"))?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("key-{digits}"))
}

fn name(field: &str, given: &str) -> Result<(), Status> {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    let first = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let fits = (1..=MAX_ID_BYTES).contains(&given.len())
        && given.bytes().all(allowed)
        && given.as_bytes().first().is_some_and(first);
    fits.then_some(()).ok_or_else(|| {
        invalid(format!(
            "{field}: 1 to {MAX_ID_BYTES} of a-z, 0-9, \".\", \"_\", \"-\", the first a letter or digit"
        ))
    })
}

/// # Errors
/// The first label that isn't well-formed, or too many.
pub fn labels(given: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Status> {
    if given.len() > MAX_LABELS {
        return Err(invalid(format!("labels: at most {MAX_LABELS}")));
    }
    for (label, value) in &given {
        name("labels", label)?;
        if value.len() > MAX_LABEL_VALUE_BYTES {
            return Err(invalid(format!(
                "labels: a value has at most {MAX_LABEL_VALUE_BYTES} bytes"
            )));
        }
    }
    Ok(given)
}

/// # Errors
/// The field that isn't well-formed, or that no key of that kind could keep.
pub fn policy(given: Option<KeyPolicy>, kind: Kind) -> Result<Policy, Status> {
    let given = given.unwrap_or_default();
    let own = kind.algorithms();
    for number in &given.algorithms {
        let known = Algorithm::try_from(*number).ok();
        if !known.is_some_and(|algorithm| own.contains(&algorithm)) {
            let names: Vec<&str> = own.iter().map(Algorithm::as_str_name).collect();
            return Err(invalid(format!(
                "policy.algorithms: a key of kind {} signs with {}",
                kind.name(),
                names.join(", ")
            )));
        }
    }
    for number in &given.transports {
        let known = Transport::try_from(*number).ok();
        if known.is_none_or(|transport| transport == Transport::Unspecified) {
            return Err(invalid(
                "policy.transports: TCP_TLS, TCP_PLAIN, VSOCK and UNIX are known",
            ));
        }
    }
    let identity = |one: &String| (1..=MAX_IDENTITY_BYTES).contains(&one.len());
    if given.identities.len() > MAX_POLICY_IDENTITIES || !given.identities.iter().all(identity) {
        return Err(invalid(format!(
            "policy.identities: at most {MAX_POLICY_IDENTITIES}, each of 1 to {MAX_IDENTITY_BYTES} bytes"
        )));
    }
    let (from, until) = (given.not_before_ms, given.not_after_ms);
    if from < 0 || until < 0 || (until != 0 && until < from) {
        return Err(invalid(
            "policy: not_before_ms and not_after_ms are milliseconds since 1970, the first no later than the second",
        ));
    }
    Ok(Policy {
        algorithms: set(&given.algorithms),
        identities: given.identities,
        transports: set(&given.transports),
        not_before_ms: from,
        not_after_ms: until,
        signatures_per_second: given.signatures_per_second,
    })
}

/// Each number once, in order.
fn set(given: &[i32]) -> Vec<u32> {
    let mut numbers: Vec<u32> = given
        .iter()
        .filter_map(|number| u32::try_from(*number).ok())
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}
