//! Whether a key does what is asked of it: one table of rules, held against the key and
//! the question from the top, the first that refuses is the answer. Nothing else in the
//! signer decides it. Must never say of a key that its caller may not use more than of
//! one that doesn't exist.

mod rule;

pub use rule::{Refusal, Rule};

use crate::algorithms::Kind;
use crate::proto::v1::{Algorithm, Transport};
use crate::rate::Bucket;
use crate::store::{KeyState, Policy};

/// What is asked of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    Sign,
    Verify,
}

/// Who asks, and for what. All but the clocks as the agent asserts it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub of: Use,
    pub algorithm: Algorithm,
    /// 0: the newest.
    pub version: u32,
    pub identity: &'a str,
    pub transport: Transport,
    /// Milliseconds since the Unix epoch; none: the appliance doesn't know.
    pub wall_ms: Option<i64>,
    /// From any fixed point.
    pub monotonic_ns: u64,
}

/// A policy as it is asked many times a second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// One bit a number; none: any.
    algorithms: Option<u64>,
    transports: Option<u64>,
    identities: Box<[Box<str>]>,
    not_before_ms: i64,
    not_after_ms: i64,
}

impl From<&Policy> for Limits {
    fn from(policy: &Policy) -> Self {
        // A number that has no bit allows nothing: less, never more.
        let bits = |numbers: &[u32]| {
            let bit = |number: &u32| 1_u64.checked_shl(*number).unwrap_or(0);
            (!numbers.is_empty()).then(|| numbers.iter().map(bit).fold(0, |all, one| all | one))
        };
        Self {
            algorithms: bits(&policy.algorithms),
            transports: bits(&policy.transports),
            identities: policy
                .identities
                .iter()
                .map(|one| one.as_str().into())
                .collect(),
            not_before_ms: policy.not_before_ms,
            not_after_ms: policy.not_after_ms,
        }
    }
}

impl Limits {
    fn has_dates(&self) -> bool {
        self.not_before_ms != 0 || self.not_after_ms != 0
    }
}

/// What the table knows of a key.
pub struct Subject {
    pub kind: Kind,
    pub state: KeyState,
    pub newest_version: u32,
    pub limits: Limits,
    pub rate: Option<std::sync::Arc<Bucket>>,
}

struct Row {
    rule: Rule,
    /// Whether it holds for verifying too, which only reveals that a key exists.
    verifying: bool,
    /// Whether it refuses.
    refuses: fn(&Subject, &Question<'_>) -> bool,
}

const fn row(rule: Rule, verifying: bool, refuses: fn(&Subject, &Question<'_>) -> bool) -> Row {
    Row {
        rule,
        verifying,
        refuses,
    }
}

/// In this order: who may not see the key learns nothing of it; what the caller got wrong
/// comes before what only time mends.
const TABLE: [Row; 11] = [
    row(Rule::KeyNotAllowed, true, |key, asked| {
        let allowed = &key.limits.identities;
        !allowed.is_empty() && !allowed.iter().any(|one| **one == *asked.identity)
    }),
    row(Rule::TransportNotAllowed, true, |key, asked| {
        !allows(key.limits.transports, asked.transport.into())
    }),
    row(Rule::WrongAlgorithm, true, |key, asked| {
        !key.kind.algorithms().contains(&asked.algorithm)
    }),
    row(Rule::KeyDestroyed, false, |key, _| {
        key.state == KeyState::Destroyed
    }),
    row(Rule::KeyPendingDeletion, false, |key, _| {
        key.state == KeyState::PendingDeletion
    }),
    row(Rule::KeyDisabled, false, |key, _| {
        key.state == KeyState::Disabled
    }),
    row(Rule::VersionNotCurrent, false, |key, asked| {
        asked.version != 0 && asked.version != key.newest_version
    }),
    row(Rule::AlgorithmNotAllowed, false, |key, asked| {
        !allows(key.limits.algorithms, asked.algorithm.into())
    }),
    row(Rule::ClockUnknown, false, |key, asked| {
        key.limits.has_dates() && asked.wall_ms.is_none()
    }),
    row(Rule::KeyNotYetValid, false, |key, asked| {
        let from = key.limits.not_before_ms;
        from != 0 && asked.wall_ms.is_some_and(|now| now < from)
    }),
    row(Rule::KeyExpired, false, |key, asked| {
        let until = key.limits.not_after_ms;
        until != 0 && asked.wall_ms.is_some_and(|now| now > until)
    }),
];

fn allows(bits: Option<u64>, number: i32) -> bool {
    let bit = u32::try_from(number)
        .ok()
        .and_then(|number| 1_u64.checked_shl(number));
    bits.is_none_or(|bits| bit.is_some_and(|bit| bits & bit != 0))
}

/// All but the rate, for what has its signature out of that already.
///
/// # Errors
/// The first rule that refuses.
pub fn stands(key: &Subject, asked: &Question<'_>) -> Result<(), Refusal> {
    let held = |row: &&Row| row.verifying || asked.of == Use::Sign;
    let refusing = TABLE
        .iter()
        .filter(held)
        .find(|row| (row.refuses)(key, asked));
    refusing.map_or(Ok(()), |row| Err(said(row.rule, key, asked)))
}

/// Takes one signature out of the key's rate when nothing refuses.
///
/// # Errors
/// The first rule that refuses.
pub fn decide(key: &Subject, asked: &Question<'_>) -> Result<(), Refusal> {
    stands(key, asked)?;
    match &key.rate {
        Some(bucket) if asked.of == Use::Sign => bucket
            .take(asked.monotonic_ns)
            .map_err(|after_ms| Refusal::retry(Rule::KeyRate, after_ms)),
        _ => Ok(()),
    }
}

/// What refuses an item that was allowed by the key as it was, and waited while another
/// took its place; none when the new one would have allowed it too.
#[must_use]
pub fn withdrawal(before: &Subject, now: &Subject) -> Option<Rule> {
    match now.state {
        KeyState::Disabled => Some(Rule::KeyDisabled),
        KeyState::PendingDeletion => Some(Rule::KeyPendingDeletion),
        KeyState::Destroyed => Some(Rule::KeyDestroyed),
        KeyState::Enabled => (before.limits != now.limits).then_some(Rule::KeyChanged),
    }
}

fn said(rule: Rule, key: &Subject, asked: &Question<'_>) -> Refusal {
    let mut refusal = Refusal::from(rule);
    if rule == Rule::WrongAlgorithm {
        let (kind, algorithm) = (key.kind, asked.algorithm);
        refusal.message = crate::algorithms::SignError::WrongAlgorithm { kind, algorithm }
            .to_string()
            .into();
    }
    refusal
}

#[cfg(test)]
mod tests;
