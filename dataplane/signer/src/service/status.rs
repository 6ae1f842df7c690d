//! Refusals as gRPC statuses with `google.rpc` details. Says what to do next, and of the
//! store no more than its own error says.

use std::collections::HashMap;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::algorithms::ImportError;
use crate::lifecycle;
use crate::policy::{Refusal, Rule};
use crate::store::StoreError;

/// As in every ErrorInfo of this product.
const DOMAIN: &str = "gatehouse";

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let Refusal {
            code,
            reason,
            message,
            retry_after_ms,
        } = refusal;
        if reason.is_empty() {
            return Status::new(code, message);
        }
        let mut details = ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new());
        if retry_after_ms > 0 {
            let after = Duration::from_millis(retry_after_ms.into());
            details.set_retry_info(Some(after));
        }
        Status::with_error_details(code, message, details)
    }
}

impl From<Rule> for Status {
    fn from(rule: Rule) -> Self {
        Refusal::from(rule).into()
    }
}

impl From<lifecycle::Refusal> for Status {
    fn from(refusal: lifecycle::Refusal) -> Self {
        refuse(Code::FailedPrecondition, refusal.reason(), refusal.words())
    }
}

/// A refusal that no rule of the table is.
pub fn refuse(code: Code, reason: &'static str, message: impl Into<String>) -> Status {
    Refusal {
        code,
        reason,
        message: message.into().into(),
        retry_after_ms: 0,
    }
    .into()
}

pub fn invalid(message: impl Into<String>) -> Status {
    Status::invalid_argument(message)
}

/// What anybody is told of a key that isn't there.
pub fn not_found() -> Status {
    refuse(
        Code::NotFound,
        "KEY_NOT_FOUND",
        "there is no such key, or none that the caller may see",
    )
}

impl From<StoreError> for Status {
    fn from(error: StoreError) -> Self {
        let (code, reason) = match &error {
            StoreError::NotFound { .. } => return not_found(),
            StoreError::Destroyed { .. } => (Code::FailedPrecondition, "KEY_DESTROYED"),
            StoreError::Exists { .. } => (Code::AlreadyExists, "KEY_EXISTS"),
            StoreError::Stale { .. } => (Code::Aborted, "KEY_CHANGED"),
            StoreError::RequestReused => (Code::InvalidArgument, "REQUEST_ID_REUSED"),
            StoreError::Full { .. } => (Code::ResourceExhausted, "STORE_FULL"),
            StoreError::Invalid { .. } => (Code::InvalidArgument, ""),
            StoreError::Damaged { .. } => (Code::DataLoss, Rule::KeyDamaged.reason()),
            StoreError::LossNotAccepted | StoreError::FileDamaged => {
                (Code::FailedPrecondition, "STORE_DAMAGED")
            }
            StoreError::RecipientSet => (Code::AlreadyExists, "RECIPIENT_SET"),
            StoreError::RewrapRunning => (Code::FailedPrecondition, "SEALING_KEY_CHANGING"),
            StoreError::SealingKeyReplaced => (Code::FailedPrecondition, "SEALING_KEY_REPLACED"),
            StoreError::DiskFull => (Code::ResourceExhausted, "STORE_DISK_FULL"),
            StoreError::ReadOnly => (Code::FailedPrecondition, "STORE_READ_ONLY"),
            StoreError::Io { .. } => (Code::Unavailable, "STORE_IO"),
            // Not to be repeated blindly: nobody knows whether it was done.
            StoreError::Unsettled { .. } => (Code::Unknown, "STORE_UNSETTLED"),
            StoreError::Crypto => (Code::Internal, ""),
        };
        refuse(code, reason, error.to_string())
    }
}

impl From<ImportError> for Status {
    fn from(error: ImportError) -> Self {
        let reason = match &error {
            ImportError::Weak(_) => "KEY_WEAK",
            _ => "",
        };
        refuse(Code::InvalidArgument, reason, error.to_string())
    }
}
