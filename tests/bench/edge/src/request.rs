// The first bytes of each connection: what the backend is to do with the others.

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// Send back what comes.
    Echo,
    /// Compare and count what comes.
    Take,
    /// Send the pattern for as long as there is room.
    Give,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request {
    pub work: Work,
    /// Where in the pattern the connection's data begins.
    pub position: u64,
}

pub const REQUEST_BYTES: usize = 9;

impl Request {
    pub fn bytes(self) -> [u8; REQUEST_BYTES] {
        let mut bytes = [0; REQUEST_BYTES];
        bytes[0] = match self.work {
            Work::Echo => b'E',
            Work::Take => b'T',
            Work::Give => b'G',
        };
        bytes[1..].copy_from_slice(&self.position.to_le_bytes());
        bytes
    }

    pub fn read(bytes: [u8; REQUEST_BYTES]) -> Result<Self, &'static str> {
        let [work, position @ ..] = bytes;
        let work = match work {
            b'E' => Work::Echo,
            b'T' => Work::Take,
            b'G' => Work::Give,
            _ => return Err("a request that no client sent"),
        };
        let position = u64::from_le_bytes(position);
        Ok(Self { work, position })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_as_it_was_written() {
        for work in [Work::Echo, Work::Take, Work::Give] {
            let request = Request {
                work,
                position: u64::MAX - 9,
            };
            assert_eq!(Request::read(request.bytes()), Ok(request));
        }
        assert!(Request::read(*b"PROXY TCP").is_err());
    }
}
