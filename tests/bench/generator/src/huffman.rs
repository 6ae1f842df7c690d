// Huffman encoding of HPACK strings (RFC 7541 appendix B).

/// Code lengths in bits by octet. The code is canonical, so that they say everything.
#[rustfmt::skip]
const LENGTH_BITS: [u8; 256] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];

pub struct Huffman {
    codes: [u32; 256],
}

impl Huffman {
    pub fn new() -> Self {
        let mut codes = [0; 256];
        let mut next = 0;
        for bits in 5..=30 {
            for (code, length) in codes.iter_mut().zip(LENGTH_BITS) {
                if length == bits {
                    *code = next;
                    next += 1;
                }
            }
            next *= 2;
        }
        Self { codes }
    }

    pub fn encoded_len(text: &[u8]) -> usize {
        let bits: usize = text
            .iter()
            .map(|&octet| usize::from(LENGTH_BITS[usize::from(octet)]))
            .sum();
        bits.div_ceil(8)
    }

    pub fn encode(&self, text: &[u8], out: &mut Vec<u8>) {
        let mut buffer = 0_u64;
        let mut held = 0;
        for &octet in text {
            let bits = LENGTH_BITS[usize::from(octet)];
            buffer = buffer << bits | u64::from(self.codes[usize::from(octet)]);
            held += u32::from(bits);
            while held >= 8 {
                held -= 8;
                out.push((buffer >> held) as u8);
            }
        }
        if held > 0 {
            // The rest is filled with ones (section 5.2).
            out.push((buffer << (8 - held)) as u8 | (0xff >> held));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_the_example_of_rfc_7541_c_4_1() {
        let mut out = Vec::new();
        Huffman::new().encode(b"www.example.com", &mut out);
        assert_eq!(
            out,
            [
                0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff
            ]
        );
        assert_eq!(out.len(), Huffman::encoded_len(b"www.example.com"));
    }
}
