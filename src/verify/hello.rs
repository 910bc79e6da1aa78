//! `ClientHello` by hand: versions and suites that no TLS library speaks any more (RFC 5246 7.4.1, RFC 8446 4.1).
//!
//! One record is sent, and the first that comes back says whether the server would go on. Nothing is ever negotiated.

use super::message::Trouble;
use super::wire::Wire;

pub(super) const TLS10: u16 = 0x0301;
pub(super) const TLS11: u16 = 0x0302;
pub(super) const TLS12: u16 = 0x0303;

/// Suites of TLS 1.0 and 1.1: what a client of that age offers.
pub(super) const OLD: &[u16] = &[0xc014, 0xc013, 0xc00a, 0xc009, 0x0035, 0x002f, 0x000a];

/// Without forward secrecy, with 3DES, or with CBC and SHA-1, each with its standard name.
pub(super) const WEAK: &[(u16, &str)] = &[
    (0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"),
    (0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    (0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"),
    (0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"),
    (0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"),
    (0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"),
    (0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
    (0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
    (0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    (0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
];

/// Strong suites of TLS 1.2.
pub(super) const STRONG: &[u16] = &[0xc02c, 0xc02b, 0xc030, 0xc02f];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Greeting {
    /// Version and suite that the server picked.
    Accepted { version: u16, suite: u16 },
    /// The code of its alert.
    Alert(u8),
    /// Closed without a word.
    Nothing,
}

pub(super) fn version_name(version: u16) -> &'static str {
    match version {
        TLS10 => "TLS 1.0",
        TLS11 => "TLS 1.1",
        TLS12 => "TLS 1.2",
        _ => "TLS",
    }
}

pub(super) async fn offer(
    wire: &Wire,
    host: &str,
    version: u16,
    suites: &[u16],
) -> Result<Greeting, Trouble> {
    let answer = wire.raw(host, &hello(host, version, suites)).await?;
    Ok(read(&answer))
}

fn block16(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], content].concat()
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [kind.to_be_bytes().to_vec(), block16(content)].concat()
}

fn numbers(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|one| one.to_be_bytes()).collect()
}

fn hello(host: &str, version: u16, suites: &[u16]) -> Vec<u8> {
    let name = [vec![0], block16(host.as_bytes())].concat();
    let extensions = [
        extension(0, &block16(&name)),
        // x25519, P-256, P-384
        extension(10, &block16(&numbers(&[0x001d, 0x0017, 0x0018]))),
        extension(11, &[1, 0]),
        // ECDSA and RSA with SHA-256 and SHA-384, PSS, and SHA-1 for those who know nothing else
        extension(
            13,
            &block16(&numbers(&[
                0x0403, 0x0503, 0x0804, 0x0805, 0x0401, 0x0501, 0x0203, 0x0201,
            ])),
        ),
        // Empty renegotiation info: servers refuse those who cannot say it.
        extension(0xff01, &[0]),
    ]
    .concat();
    let mut body = version.to_be_bytes().to_vec();
    body.extend(uuid::Uuid::new_v4().as_bytes());
    body.extend(uuid::Uuid::new_v4().as_bytes());
    body.push(0);
    body.extend(block16(&numbers(suites)));
    body.extend([1, 0]);
    body.extend(block16(&extensions));
    // The length of a handshake message has three bytes.
    let message = [vec![1, 0], block16(&body)].concat();
    [vec![0x16, 3, 1], block16(&message)].concat()
}

/// The first record of the server.
fn read(answer: &[u8]) -> Greeting {
    match answer {
        [0x15, _, _, _, _, _, code, ..] => Greeting::Alert(*code),
        [0x16, _, _, _, _, 2, _, _, _, body @ ..] => accepted(body).unwrap_or(Greeting::Nothing),
        _ => Greeting::Nothing,
    }
}

fn accepted(body: &[u8]) -> Option<Greeting> {
    let version = u16::from_be_bytes([*body.first()?, *body.get(1)?]);
    let session = usize::from(*body.get(34)?);
    let suite = body.get(35 + session..37 + session)?;
    Some(Greeting::Accepted {
        version,
        suite: u16::from_be_bytes([suite[0], suite[1]]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hello_has_the_lengths_it_says() {
        let hello = hello("a.example", TLS10, &[0x002f]);
        assert_eq!(&hello[..3], [0x16, 3, 1]);
        let record = usize::from(u16::from_be_bytes([hello[3], hello[4]]));
        assert_eq!(record, hello.len() - 5);
        let message = usize::from(u16::from_be_bytes([hello[7], hello[8]]));
        assert_eq!(message, hello.len() - 9);
        assert_eq!(&hello[9..11], [3, 1]);
    }

    #[test]
    fn the_first_record_says_what_the_server_makes_of_it() {
        assert_eq!(read(&[0x15, 3, 1, 0, 2, 2, 70]), Greeting::Alert(70));
        assert_eq!(read(&[]), Greeting::Nothing);
        assert_eq!(read(b"HTTP/1.1 400"), Greeting::Nothing);
        let mut answer = vec![0x16, 3, 1, 0, 42, 2, 0, 0, 38, 3, 2];
        answer.extend([9; 32]);
        answer.extend([0, 0xc0, 0x14, 0]);
        let expected = Greeting::Accepted {
            version: TLS11,
            suite: 0xc014,
        };
        assert_eq!(read(&answer), expected);
        for end in 0..answer.len() {
            // Whatever is cut off, reading never panics.
            read(&answer[..end]);
        }
    }
}
