//! The one way in which the store writes values as bytes: numbers big-endian,
//! everything of variable length with its length before it, so that no two
//! values give the same bytes. Never reads past what is there.

/// Appends values to one piece.
pub struct Writer(Vec<u8>);

impl Writer {
    /// `purpose` separates what is authenticated for one use from every other.
    #[must_use]
    pub fn new(purpose: &str) -> Self {
        let mut writer = Self(Vec::with_capacity(128));
        writer.bytes(purpose.as_bytes());
        writer
    }

    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub fn i64(&mut self, value: i64) -> &mut Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.u64(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    pub fn text(&mut self, value: &str) -> &mut Self {
        self.bytes(value.as_bytes())
    }

    #[must_use]
    pub fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

/// Takes the same values off the front; none where they aren't there.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// None when the piece was written for another purpose.
    #[must_use]
    pub fn new(purpose: &str, bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Self(bytes);
        (reader.bytes()? == purpose.as_bytes()).then_some(reader)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    pub fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_be_bytes)
    }

    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.u64()?).ok()?;
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }

    pub fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    /// Whether everything was taken: what is left over belongs to another format.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_no_shorter_piece_is() {
        let mut writer = Writer::new("test");
        let bytes = writer
            .u32(7)
            .u64(u64::MAX)
            .i64(-1)
            .text("é")
            .bytes(&[])
            .finish();
        let read = |bytes: &[u8]| {
            let mut reader = Reader::new("test", bytes)?;
            let values = (
                reader.u32()?,
                reader.u64()?,
                reader.i64()?,
                reader.text()?,
                reader.bytes()?.to_vec(),
            );
            reader.is_empty().then_some(values)
        };
        assert_eq!(read(&bytes), Some((7, u64::MAX, -1, "é".into(), vec![])));
        for len in 0..bytes.len() {
            assert_eq!(read(&bytes[..len]), None);
        }
        assert!(Reader::new("other", &bytes).is_none());
    }
}
