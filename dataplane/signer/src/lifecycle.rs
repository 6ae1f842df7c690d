//! What each change does to a key in each state: one table. Nothing else in the signer
//! decides it. Whether a caller may change keys at all is the agent's to say.

use crate::policy::Rule;
use crate::store::KeyState;

/// The calls that change a key that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Rotate,
    Enable,
    Disable,
    ScheduleDeletion,
    CancelDeletion,
    Destroy,
    SetPolicy,
    SetLabels,
}

/// What comes of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The state stays; the rest of the change is done.
    Stays,
    To(KeyState),
    Refused(Refusal),
}

/// Why a key in its state doesn't take a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    State(Rule),
    Enabled,
    NotPendingDeletion,
}

impl Refusal {
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::State(rule) => rule.reason(),
            Self::Enabled => "KEY_ENABLED",
            Self::NotPendingDeletion => "KEY_NOT_PENDING_DELETION",
        }
    }

    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::State(rule) => rule.words(),
            Self::Enabled => "the key is enabled; disable it first, then destroy it",
            Self::NotPendingDeletion => "the key isn't to be deleted",
        }
    }
}

const DISABLED: Step = Step::Refused(Refusal::State(Rule::KeyDisabled));
const PENDING: Step = Step::Refused(Refusal::State(Rule::KeyPendingDeletion));
const DESTROYED: Step = Step::Refused(Refusal::State(Rule::KeyDestroyed));
const ENABLED: Step = Step::Refused(Refusal::Enabled);
const NOT_PENDING: Step = Step::Refused(Refusal::NotPendingDeletion);

/// By the state before: enabled, disabled, pending deletion, destroyed.
const fn row(change: Change) -> [Step; 4] {
    use KeyState::{Destroyed, Disabled, Enabled, PendingDeletion};
    use Step::{Stays, To};
    match change {
        Change::Rotate => [Stays, DISABLED, PENDING, DESTROYED],
        Change::Enable => [To(Enabled), To(Enabled), PENDING, DESTROYED],
        Change::Disable => [To(Disabled), To(Disabled), PENDING, DESTROYED],
        Change::ScheduleDeletion => [
            To(PendingDeletion),
            To(PendingDeletion),
            To(PendingDeletion),
            DESTROYED,
        ],
        Change::CancelDeletion => [NOT_PENDING, NOT_PENDING, To(Disabled), DESTROYED],
        Change::Destroy => [ENABLED, To(Destroyed), To(Destroyed), DESTROYED],
        Change::SetPolicy | Change::SetLabels => [Stays; 4],
    }
}

#[must_use]
pub const fn step(change: Change, state: KeyState) -> Step {
    let [enabled, disabled, pending, destroyed] = row(change);
    match state {
        KeyState::Enabled => enabled,
        KeyState::Disabled => disabled,
        KeyState::PendingDeletion => pending,
        KeyState::Destroyed => destroyed,
    }
}

/// The state after a change; the same when it stays.
///
/// # Errors
/// The key doesn't take the change in its state.
pub fn next_state(change: Change, state: KeyState) -> Result<KeyState, Refusal> {
    match step(change, state) {
        Step::Stays => Ok(state),
        Step::To(next) => Ok(next),
        Step::Refused(refusal) => Err(refusal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [KeyState; 4] = [
        KeyState::Enabled,
        KeyState::Disabled,
        KeyState::PendingDeletion,
        KeyState::Destroyed,
    ];
    const CHANGES: [Change; 8] = [
        Change::Rotate,
        Change::Enable,
        Change::Disable,
        Change::ScheduleDeletion,
        Change::CancelDeletion,
        Change::Destroy,
        Change::SetPolicy,
        Change::SetLabels,
    ];

    #[test]
    fn what_is_destroyed_stays_so_and_only_destroying_destroys() {
        for change in CHANGES {
            for state in STATES {
                let destroyed = next_state(change, state) == Ok(KeyState::Destroyed);
                let was = state == KeyState::Destroyed;
                let described = matches!(change, Change::SetPolicy | Change::SetLabels);
                if was {
                    assert_eq!(destroyed, described, "{change:?}");
                } else {
                    let asked = change == Change::Destroy && state != KeyState::Enabled;
                    assert_eq!(destroyed, asked, "{change:?} of {state:?}");
                }
            }
        }
    }

    #[test]
    fn a_key_to_be_deleted_signs_again_only_by_way_of_disabled() {
        for change in CHANGES {
            let next = next_state(change, KeyState::PendingDeletion);
            assert_ne!(next, Ok(KeyState::Enabled), "{change:?}");
        }
        let cancelled = next_state(Change::CancelDeletion, KeyState::PendingDeletion);
        assert_eq!(cancelled, Ok(KeyState::Disabled));
        assert_eq!(
            next_state(Change::Enable, KeyState::Disabled),
            Ok(KeyState::Enabled)
        );
    }
}
