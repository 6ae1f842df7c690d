//! Who hashes a stream of data, and how many do: so many in all, and fewer of one caller,
//! who could else keep everybody's streams for as long as the slowest may last.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits::{MAX_HASHED_STREAMS, MAX_HASHED_STREAMS_OF_ONE};

/// One place for each stream. A caller is known from its first message on.
#[derive(Clone, Default)]
pub struct HashedStreams {
    callers: Arc<Mutex<Vec<Option<Box<str>>>>>,
}

/// A stream's place, until it is dropped.
pub struct Place {
    streams: HashedStreams,
    caller: Option<Box<str>>,
}

impl HashedStreams {
    /// None when there are as many as can be.
    #[must_use]
    pub fn enter(&self) -> Option<Place> {
        let mut callers = self.lock();
        if callers.len() >= MAX_HASHED_STREAMS {
            return None;
        }
        callers.push(None);
        Some(Place {
            streams: self.clone(),
            caller: None,
        })
    }

    /// No code that can panic runs under the lock, so a poisoned one is sound.
    fn lock(&self) -> MutexGuard<'_, Vec<Option<Box<str>>>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Whether the caller may have one more.
    #[must_use]
    pub fn is_of(&mut self, caller: &str) -> bool {
        let caller = Some(Box::from(caller));
        let mut callers = self.streams.lock();
        if callers.iter().filter(|one| **one == caller).count() >= MAX_HASHED_STREAMS_OF_ONE {
            return false;
        }
        if let Some(mine) = callers.iter_mut().find(|one| **one == self.caller) {
            mine.clone_from(&caller);
        }
        drop(callers);
        self.caller = caller;
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut callers = self.streams.lock();
        if let Some(at) = callers.iter().position(|one| *one == self.caller) {
            callers.swap_remove(at);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_leaves_room_for_others_and_every_end_makes_room() {
        let streams = HashedStreams::default();
        let enter_as = |caller: &str| {
            let mut place = streams.enter()?;
            place.is_of(caller).then_some(place)
        };
        let held: Vec<_> = (0..MAX_HASHED_STREAMS_OF_ONE)
            .map(|_| enter_as("greedy").unwrap())
            .collect();
        assert!(enter_as("greedy").is_none());
        let others: Vec<_> = (held.len()..MAX_HASHED_STREAMS)
            .map(|at| enter_as(&format!("other {at}")).unwrap())
            .collect();
        assert!(streams.enter().is_none());
        drop(held);
        assert!(enter_as("greedy").is_some());
        drop(others);
        assert!(streams.lock().is_empty());
    }
}
