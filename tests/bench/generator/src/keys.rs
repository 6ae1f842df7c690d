// Which of many keys a call signs with: each as likely as any other, or by Zipf's law.
use load::random::Random;

/// Of the number in a key's id.
pub const DIGITS: usize = 6;

pub struct Choice {
    keys: usize,
    /// Zipf, exponent 1: the sum of the weights up to each key, as a share of 2^53. Empty: uniform.
    up_to: Vec<u64>,
}

/// Doubles hold integers to here.
const WHOLE: f64 = (1_u64 << 53) as f64;

impl Choice {
    pub fn new(keys: usize, zipf: bool) -> Self {
        let mut up_to = Vec::new();
        if zipf {
            let weight = |rank: usize| 1.0 / (rank + 1) as f64;
            let all: f64 = (0..keys).map(weight).sum();
            let mut sum = 0.0;
            up_to.extend((0..keys).map(|rank| {
                sum += weight(rank) / all;
                (sum * WHOLE) as u64
            }));
        }
        Self { keys, up_to }
    }

    pub fn next(&self, random: &mut Random) -> usize {
        let bits = random.bits() >> 11;
        if self.up_to.is_empty() {
            return (bits % self.keys as u64) as usize;
        }
        let rank = self.up_to.partition_point(|&up_to| up_to <= bits);
        // Spread, so that the keys that are used most don't lie side by side.
        (rank.min(self.keys - 1) * SPREAD) % self.keys
    }
}

/// A prime that divides no number of keys measured here, so that the spread is a permutation.
const SPREAD: usize = 7_919;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zipf_gives_the_first_key_its_share_and_reaches_all_of_a_few() {
        let mut random = Random::new(7);
        for (zipf, least, most) in [(false, 900, 1_100), (true, 3_200, 3_600)] {
            let choice = Choice::new(10, zipf);
            let mut seen = [0; 10];
            for _ in 0..10_000 {
                seen[choice.next(&mut random)] += 1;
            }
            assert!((least..most).contains(&seen[0]), "{seen:?}");
            assert!(seen.iter().all(|&times| times > 200), "{seen:?}");
        }
    }
}
