// Random bytes for ids and texts: fast, seeded, of no other use.

/// xorshift64* (Vigna 2016).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Fills with lower-case hexadecimal digits.
    pub fn hex(&mut self, into: &mut [u8]) {
        for sixteen in into.chunks_mut(16) {
            let mut bits = self.bits();
            for digit in sixteen {
                *digit = b"0123456789abcdef"[(bits & 15) as usize];
                bits >>= 4;
            }
        }
    }

    /// Writes `into.len()` decimal digits, the first of them 2 to 9.
    pub fn decimal(&mut self, into: &mut [u8]) {
        let mut bits = self.bits() >> 8;
        for (at, digit) in into.iter_mut().enumerate() {
            let (least, choices) = if at == 0 { (b'2', 8) } else { (b'0', 10) };
            *digit = least + (bits % choices) as u8;
            bits /= choices;
        }
    }
}
