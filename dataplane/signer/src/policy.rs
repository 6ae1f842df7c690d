//! Whether a key does what is asked of it: one table of rules, held against the key and
//! the question from the top, the first that refuses is the answer. Nothing else in the
//! signer decides it. Must never say of a key that its caller may not use more than of
//! one that doesn't exist.

use std::borrow::Cow;
use tonic::Code;

use crate::algorithms::Kind;
use crate::proto::v1::{Algorithm, Transport};
use crate::rate::Bucket;
use crate::store::{KeyState, Policy};

/// What refuses. The names are the reasons of `google.rpc.ErrorInfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    KeyNotAllowed,
    TransportNotAllowed,
    WrongAlgorithm,
    KeyDestroyed,
    KeyPendingDeletion,
    KeyDisabled,
    VersionNotCurrent,
    AlgorithmNotAllowed,
    ClockUnknown,
    KeyNotYetValid,
    KeyExpired,
    KeyRate,
    // Beside the table: the key itself, and what the signer can take.
    KeyDamaged,
    KeyChanged,
    QueueFull,
    DeadlineExceeded,
}

impl Rule {
    pub const ALL: [Self; 16] = [
        Self::KeyNotAllowed,
        Self::TransportNotAllowed,
        Self::WrongAlgorithm,
        Self::KeyDestroyed,
        Self::KeyPendingDeletion,
        Self::KeyDisabled,
        Self::VersionNotCurrent,
        Self::AlgorithmNotAllowed,
        Self::ClockUnknown,
        Self::KeyNotYetValid,
        Self::KeyExpired,
        Self::KeyRate,
        Self::KeyDamaged,
        Self::KeyChanged,
        Self::QueueFull,
        Self::DeadlineExceeded,
    ];

    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::KeyNotAllowed => "KEY_NOT_ALLOWED",
            Self::TransportNotAllowed => "TRANSPORT_NOT_ALLOWED",
            Self::WrongAlgorithm => "WRONG_ALGORITHM",
            Self::KeyDestroyed => "KEY_DESTROYED",
            Self::KeyPendingDeletion => "KEY_PENDING_DELETION",
            Self::KeyDisabled => "KEY_DISABLED",
            Self::VersionNotCurrent => "VERSION_NOT_CURRENT",
            Self::AlgorithmNotAllowed => "ALGORITHM_NOT_ALLOWED",
            Self::ClockUnknown => "CLOCK_UNKNOWN",
            Self::KeyNotYetValid => "KEY_NOT_YET_VALID",
            Self::KeyExpired => "KEY_EXPIRED",
            Self::KeyRate => "KEY_RATE",
            Self::KeyDamaged => "KEY_DAMAGED",
            Self::KeyChanged => "KEY_CHANGED",
            Self::QueueFull => "QUEUE_FULL",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
        }
    }

    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Self::WrongAlgorithm => Code::InvalidArgument,
            Self::KeyNotAllowed
            | Self::TransportNotAllowed
            | Self::AlgorithmNotAllowed
            | Self::KeyNotYetValid
            | Self::KeyExpired => Code::PermissionDenied,
            Self::KeyDestroyed
            | Self::KeyPendingDeletion
            | Self::KeyDisabled
            | Self::VersionNotCurrent => Code::FailedPrecondition,
            // As the agent answers where it can't judge a certificate.
            Self::ClockUnknown => Code::Unavailable,
            Self::KeyRate | Self::QueueFull => Code::ResourceExhausted,
            Self::KeyDamaged => Code::DataLoss,
            Self::KeyChanged => Code::Aborted,
            Self::DeadlineExceeded => Code::DeadlineExceeded,
        }
    }

    /// What the caller is told; what differs from key to key is said by `Refusal`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            // Word for word what the agent says of a key that [access] doesn't give.
            Self::KeyNotAllowed => {
                "the caller may use no such key; an administrator gives keys by [access] of the configuration"
            }
            Self::TransportNotAllowed => {
                "the key's policy doesn't allow this transport; call over one that it allows"
            }
            Self::WrongAlgorithm => "the key is of another kind than the algorithm",
            Self::KeyDestroyed => "the key is destroyed; it verifies, and signs no more",
            Self::KeyPendingDeletion => {
                "the key is to be deleted; an administrator can cancel that, then enable it"
            }
            Self::KeyDisabled => "the key is disabled; an administrator can enable it",
            Self::VersionNotCurrent => {
                "only the newest version signs; leave the version out, or ask for the newest"
            }
            Self::AlgorithmNotAllowed => "the key's policy doesn't allow this algorithm",
            Self::ClockUnknown => {
                "the key's policy has dates and this appliance doesn't know the time; give it a time server"
            }
            Self::KeyNotYetValid => {
                "the key's policy doesn't let it sign yet; call after not_before"
            }
            Self::KeyExpired => "the key's policy no longer lets it sign; use another key",
            Self::KeyRate => "the key has given its signatures for this second; call again later",
            Self::KeyDamaged => {
                "the key is damaged in the signer's store; an administrator can restore it from a backup"
            }
            Self::KeyChanged => "the key's policy was changed while the call waited; call again",
            Self::QueueFull => "the signer's queue is full; call again later",
            Self::DeadlineExceeded => "the call's time was over before the signer could begin",
        }
    }
}

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

/// Why not, for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: Code,
    /// "" where no rule refuses but the input is wrong.
    pub reason: &'static str,
    pub message: Cow<'static, str>,
    /// 0: not stated.
    pub retry_after_ms: u32,
}

impl From<Rule> for Refusal {
    fn from(rule: Rule) -> Self {
        Self {
            code: rule.code(),
            reason: rule.reason(),
            message: rule.words().into(),
            retry_after_ms: 0,
        }
    }
}

impl Refusal {
    #[must_use]
    pub fn input(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: Code::InvalidArgument,
            reason: "",
            message: message.into(),
            retry_after_ms: 0,
        }
    }

    #[must_use]
    pub fn retry(rule: Rule, retry_after_ms: u32) -> Self {
        Self {
            retry_after_ms,
            ..rule.into()
        }
    }
}

/// Takes one signature out of the key's rate when nothing refuses.
///
/// # Errors
/// The first rule that refuses.
pub fn decide(key: &Subject, asked: &Question<'_>) -> Result<(), Refusal> {
    let held = |row: &&Row| row.verifying || asked.of == Use::Sign;
    if let Some(row) = TABLE
        .iter()
        .filter(held)
        .find(|row| (row.refuses)(key, asked))
    {
        return Err(said(row.rule, key, asked));
    }
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
#[path = "policy/tests.rs"]
mod tests;
