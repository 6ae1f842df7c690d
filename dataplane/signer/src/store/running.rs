//! The running MAC over the set of rows: MSet-Add-Hash (Clarke et al.,
//! "Incremental Multiset Hash Functions and Their Application to Memory Integrity
//! Checking", ASIACRYPT 2003, section 5), the sum modulo 2^256 of one keyed hash a row, so that a
//! change costs the same however many rows there are. Neither the sum nor an
//! addend may be written where it can be read: with enough of them seen, another
//! set with the same sum could be searched for (Wagner, "A Generalized Birthday Problem").

pub const SUM_BYTES: usize = 32;
const LIMBS: usize = SUM_BYTES / 8;

/// A sum, or one row's addend; the lowest limb first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum([u64; LIMBS]);

impl Sum {
    #[must_use]
    pub fn from_bytes(bytes: &[u8; SUM_BYTES]) -> Self {
        let mut limbs = [0; LIMBS];
        for (limb, eight) in limbs.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *limb = u64::from_le_bytes(*eight);
        }
        Self(limbs)
    }

    #[must_use]
    pub fn to_bytes(self) -> [u8; SUM_BYTES] {
        let mut bytes = [0; SUM_BYTES];
        for (eight, limb) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(self.0) {
            *eight = limb.to_le_bytes();
        }
        bytes
    }

    pub fn add(&mut self, addend: Sum) {
        let mut carry = false;
        for (limb, other) in self.0.iter_mut().zip(addend.0) {
            let (once, first) = limb.overflowing_add(other);
            let (twice, second) = once.overflowing_add(u64::from(carry));
            *limb = twice;
            carry = first | second;
        }
    }

    pub fn subtract(&mut self, addend: Sum) {
        let mut borrow = false;
        for (limb, other) in self.0.iter_mut().zip(addend.0) {
            let (once, first) = limb.overflowing_sub(other);
            let (twice, second) = once.overflowing_sub(u64::from(borrow));
            *limb = twice;
            borrow = first | second;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carry_goes_through_every_limb_and_a_borrow_back() {
        let mut sum = Sum([u64::MAX; LIMBS]);
        sum.add(Sum([1, 0, 0, 0]));
        assert_eq!(sum, Sum::default());
        sum.subtract(Sum([1, 0, 0, 0]));
        assert_eq!(sum, Sum([u64::MAX; LIMBS]));
        assert_eq!(Sum::from_bytes(&sum.to_bytes()), sum);
        let mut order = Sum([1, 2, 3, 4]);
        order = Sum::from_bytes(&order.to_bytes());
        assert_eq!(order, Sum([1, 2, 3, 4]));
    }

    #[test]
    fn the_order_of_additions_does_not_matter_and_taking_away_undoes_one() {
        let rows: Vec<Sum> = (1..50u64)
            .map(|n| Sum([n.wrapping_mul(0x9e37_79b9_7f4a_7c15), u64::MAX - n, n, !n]))
            .collect();
        let mut forward = Sum::default();
        let mut backward = Sum::default();
        rows.iter().for_each(|row| forward.add(*row));
        rows.iter().rev().for_each(|row| backward.add(*row));
        assert_eq!(forward, backward);
        rows.iter().skip(1).for_each(|row| forward.subtract(*row));
        assert_eq!(forward, rows[0]);
    }
}
