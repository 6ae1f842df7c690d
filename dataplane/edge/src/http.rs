//! As much of HTTP/1 as the metrics need: the request's head is read, a GET of
//! anything is answered, and that was it (RFC 9112). No bodies, no second request.

use crate::limits::MAX_METRICS_REQUEST_BYTES;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Its head isn't whole yet.
    Partial,
    Get,
    /// Another method: 405.
    OtherMethod,
    /// No HTTP/1, or too long: 400.
    Bad,
}

/// What `bytes`, all that came so far, ask for.
#[must_use]
pub fn parse(bytes: &[u8]) -> Request {
    let whole = ends_head(bytes);
    if !whole && bytes.len() < MAX_METRICS_REQUEST_BYTES {
        return Request::Partial;
    }
    let line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let parts: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    match parts.as_slice() {
        [method, target, b"HTTP/1.0" | b"HTTP/1.1"] if whole && !target.is_empty() => match *method
        {
            b"GET" => Request::Get,
            _ => Request::OtherMethod,
        },
        _ => Request::Bad,
    }
}

fn ends_head(bytes: &[u8]) -> bool {
    let ends = |end: &[u8]| bytes.windows(end.len()).any(|window| window == end);
    ends(b"\r\n\r\n") || ends(b"\n\n")
}

/// The whole answer; `body` is only made for a GET.
#[must_use]
pub fn answer(request: Request, body: impl FnOnce() -> String) -> Vec<u8> {
    let (status, more, body) = match request {
        Request::Get => ("200 OK", "", body()),
        Request::OtherMethod => ("405 Method Not Allowed", "Allow: GET\r\n", String::new()),
        Request::Partial | Request::Bad => ("400 Bad Request", "", String::new()),
    };
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    let len = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len}\r\n{more}Connection: close\r\n\r\n{body}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_told_apart() {
        for (text, expected) in [
            ("", Request::Partial),
            ("GET /metrics HTTP/1.1\r\nHost: x\r\n", Request::Partial),
            ("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", Request::Get),
            ("GET / HTTP/1.0\n\n", Request::Get),
            ("HEAD / HTTP/1.1\r\n\r\n", Request::OtherMethod),
            (
                "POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx",
                Request::OtherMethod,
            ),
            ("GET / HTTP/2.0\r\n\r\n", Request::Bad),
            ("GET  HTTP/1.1\r\n\r\n", Request::Bad),
            ("GET /\r\n\r\n", Request::Bad),
            ("\r\n\r\n", Request::Bad),
        ] {
            assert_eq!(parse(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn a_head_that_never_ends_is_bad_at_its_bound() {
        let mut bytes = b"GET / HTTP/1.1\r\n".to_vec();
        bytes.resize(MAX_METRICS_REQUEST_BYTES - 1, b'a');
        assert_eq!(parse(&bytes), Request::Partial);
        bytes.push(b'a');
        assert_eq!(parse(&bytes), Request::Bad);
    }

    #[test]
    fn any_bytes_have_an_answer_and_only_a_get_has_the_text() {
        // Every text of up to four pieces.
        let pieces = ["GET", " ", "/", "HTTP/1.1", "\r\n", "\n", "\0", "\u{fffd}"];
        for number in 0..pieces.len().pow(4) {
            let text: String = (0..4)
                .map(|at| pieces[number / pieces.len().pow(at) % pieces.len()])
                .collect();
            let request = parse(text.as_bytes());
            assert_ne!(request, Request::Get, "{text:?}");
            let answer = answer(request, || "text".into());
            assert!(!answer.ends_with(b"text"));
        }
    }
}
