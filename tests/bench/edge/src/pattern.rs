// The bytes that are sent: random, and known to both ends by their position, so that each is compared.
use load::random::Random;

/// Larger than what is under way on a connection, and no multiple of a record or a buffer.
const POOL_BYTES: usize = 1_000_003;
/// Largest piece that is given in one go.
const MAX_PIECE_BYTES: usize = 64 << 10;

pub struct Pattern(Vec<u8>);

impl Pattern {
    pub fn new(random: &mut Random) -> Self {
        let mut pool = vec![0; POOL_BYTES];
        for eight in pool.chunks_mut(8) {
            eight.copy_from_slice(&random.bits().to_le_bytes()[..eight.len()]);
        }
        Self(pool)
    }

    /// The bytes from `position` on: at least one, at most `most`, fewer where the pool begins anew.
    pub fn from(&self, position: u64, most: usize) -> &[u8] {
        let start = (position % self.0.len() as u64) as usize;
        let end = (start + most.clamp(1, MAX_PIECE_BYTES)).min(self.0.len());
        &self.0[start..end]
    }

    /// True when `bytes` are those from `position` on.
    pub fn is_at(&self, position: u64, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        while !rest.is_empty() {
            let expected = self.from(position + (bytes.len() - rest.len()) as u64, rest.len());
            if !rest.starts_with(expected) {
                return false;
            }
            rest = &rest[expected.len()..];
        }
        true
    }
}

/// How much is written in one go: 1 byte to 64 KiB, so that records of every length are met.
pub fn piece_bytes(random: &mut Random) -> usize {
    1 + (random.bits() >> 32) as usize % MAX_PIECE_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_recognised_and_a_changed_or_moved_byte_is_not() {
        let pattern = Pattern::new(&mut Random::new(7));
        let position = POOL_BYTES as u64 * 3 - 10;
        let mut bytes = pattern.from(position, 100).to_vec();
        assert_eq!(bytes.len(), 10, "the pool ends there");
        bytes.extend_from_slice(pattern.from(position + 10, 90));
        assert!(pattern.is_at(position, &bytes));
        assert!(!pattern.is_at(position + 1, &bytes));
        bytes[57] ^= 1;
        assert!(!pattern.is_at(position, &bytes));
    }

    #[test]
    fn pieces_are_of_every_size_and_within_bounds() {
        let mut random = Random::new(1);
        let sizes: Vec<usize> = (0..1_000).map(|_| piece_bytes(&mut random)).collect();
        assert!(
            sizes
                .iter()
                .all(|size| (1..=MAX_PIECE_BYTES).contains(size))
        );
        assert!(sizes.iter().any(|&size| size < 2_000));
        assert!(sizes.iter().any(|&size| size > 60_000));
    }
}
