//! What the front ends of Azure refuse before HTTP is parsed: requests that two parsers would read differently.

/// The longest head that any front end takes.
pub(crate) const LONGEST_HEAD: usize = 64 * 1024;

/// Why a request of HTTP/1 is not taken; none: it is left to the parser. `head` ends with its empty line.
pub(crate) fn objection(head: &[u8]) -> Option<&'static str> {
    let mut lines = head.split(|byte| *byte == b'\n').skip(1);
    let (mut lengths, mut encodings, mut hosts) = (0, 0, 0);
    for line in lines.by_ref() {
        if matches!(line.first(), Some(b' ' | b'\t')) {
            return Some("a folded header");
        }
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        if name.last().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
            return Some("a blank before the colon of a header");
        }
        match name.to_ascii_lowercase().as_slice() {
            b"content-length" => lengths += 1,
            b"transfer-encoding" => encodings += 1,
            b"host" => hosts += 1,
            _ => {}
        }
    }
    match (lengths, encodings, hosts) {
        (1.., 1.., _) => Some("both Content-Length and Transfer-Encoding"),
        (2.., ..) => Some("several Content-Length headers"),
        (_, 2.., _) => Some("several Transfer-Encoding headers"),
        (.., 2..) => Some("several Host headers"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ambiguous_requests_are_refused_and_plain_ones_are_not() {
        let cases = [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", false),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n",
                false,
            ),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                false,
            ),
            (
                "POST / HTTP/1.1\r\nContent-Length: 3\r\ntransfer-encoding: chunked\r\n\r\n",
                true,
            ),
            (
                "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
                true,
            ),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", true),
        ];
        for (head, expected) in cases {
            assert_eq!(objection(head.as_bytes()).is_some(), expected, "{head}");
        }
    }
}
