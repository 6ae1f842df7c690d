//! What refuses, and how it is said: code, reason, words. Must never say of a key that its
//! caller may not use more than of one that doesn't exist.

use std::borrow::Cow;
use tonic::Code;

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
                "the caller may use no such key; an administrator gives keys by [access] of the configuration and by their policies"
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
