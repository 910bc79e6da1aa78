//! Tokens: the user's own, kept secret; forgeries, which are nobody's; and how text is shown without either.

use aws_lc_rs::hmac;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

/// A signed token that somebody was given.
#[derive(Debug)]
pub struct Token {
    text: SecretString,
    header: Value,
    claims: Value,
}

#[derive(Debug, thiserror::Error)]
#[error("that is no signed JSON Web Token (three parts with dots between them)")]
pub struct NotAToken;

/// Audiences of Azure's own interfaces: a token for one of them is a key to the subscription.
const MANAGEMENT: [&str; 8] = [
    "https://management.azure.com",
    "https://management.core.windows.net",
    "https://graph.microsoft.com",
    "https://vault.azure.net",
    "https://management.usgovcloudapi.net",
    "https://management.chinacloudapi.cn",
    "00000003-0000-0000-c000-000000000000",
    "797f4846-ba00-4fd7-ba43-dac1f8f63013",
];

impl Token {
    pub fn parse(text: &SecretString) -> Result<Self, NotAToken> {
        let parts: Vec<&str> = text.expose_secret().trim().split('.').collect();
        let [header, claims, signature] = parts.as_slice() else {
            return Err(NotAToken);
        };
        let (Some(header), Some(claims), false) =
            (decoded(header), decoded(claims), signature.is_empty())
        else {
            return Err(NotAToken);
        };
        let text = SecretString::from(text.expose_secret().trim().to_owned());
        Ok(Self {
            text,
            header,
            claims,
        })
    }

    pub(super) fn text(&self) -> &str {
        self.text.expose_secret()
    }

    pub(super) fn claims(&self) -> &Value {
        &self.claims
    }

    pub fn claim(&self, name: &str) -> &str {
        self.claims[name].as_str().unwrap_or_default()
    }

    /// Whether Azure's own interfaces would take it.
    pub fn is_for_management(&self) -> bool {
        let audience = self.claim("aud").trim_end_matches('/');
        MANAGEMENT.contains(&audience)
    }

    /// What it says about itself, without who it is about.
    pub fn summary(&self) -> String {
        summary(&self.claims)
    }

    /// Header and claims as they were signed.
    pub(super) fn signed(&self) -> (&str, &str) {
        let (signed, signature) = self.text().rsplit_once('.').unwrap_or_default();
        (signed, signature)
    }

    pub(super) fn header(&self) -> &Value {
        &self.header
    }
}

fn summary(claims: &Value) -> String {
    let said = ["iss", "aud", "azp", "tfp", "scp", "exp"]
        .iter()
        .filter_map(|name| match &claims[*name] {
            Value::Null => None,
            Value::String(text) => Some(format!("{name}={text}")),
            other => Some(format!("{name}={other}")),
        });
    said.collect::<Vec<_>>().join(" ")
}

fn decoded(part: &str) -> Option<Value> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    let value: Value = serde_json::from_slice(&bytes).ok()?;
    value.is_object().then_some(value)
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Parameters whose value opens something.
const SECRET_PARAMETERS: [&str; 8] = [
    "code",
    "access_token",
    "id_token",
    "refresh_token",
    "code_verifier",
    "subscription-key",
    "sig",
    "password",
];

/// Text as people may see it: tokens become what they say, parameters that open something lose their value.
pub(super) fn without_secrets(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        out.push_str(&shown(word));
        let mut next = tail.chars();
        if let Some(separator) = next.next() {
            out.push(separator);
            let is_secret = separator == '=' && SECRET_PARAMETERS.contains(&word);
            rest = next.as_str();
            if is_secret {
                let end = rest.find(['&', '#', ' ', '"']).unwrap_or(rest.len());
                out.push_str("(left out)");
                rest = &rest[end..];
            }
        } else {
            rest = "";
        }
    }
    out
}

fn shown(word: &str) -> String {
    if !word.starts_with("eyJ") || word.len() < 16 {
        return word.to_owned();
    }
    let mut parts = word.split('.');
    let header = parts.next().and_then(decoded);
    let claims = parts.next().and_then(decoded);
    let algorithm = header.as_ref().map_or("?", |header| {
        header["alg"].as_str().unwrap_or("none at all")
    });
    match claims {
        Some(claims) => format!("(token alg={algorithm} {})", summary(&claims)),
        None => format!("(token of {} characters)", word.len()),
    }
}

/// Makes tokens that nobody should take.
pub(super) struct Forge {
    key: Option<KeyPair>,
}

impl Forge {
    pub(super) fn new() -> Self {
        // Without a key the forgeries have a signature of noise, which is no better a signature.
        Self {
            key: KeyPair::generate(KeySize::Rsa2048).ok(),
        }
    }

    /// Signed with a key of our own.
    pub(super) fn rs256(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        let mut signature = vec![0x5a; 256];
        if let Some(key) = &self.key {
            let random = aws_lc_rs::rand::SystemRandom::new();
            let made = key.sign(
                &RSA_PKCS1_SHA256,
                &random,
                signed.as_bytes(),
                &mut signature,
            );
            debug_assert!(made.is_ok(), "a key of 2048 bits signs");
        }
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The modulus of that key, for headers that bring their own.
    pub(super) fn jwk(&self) -> Value {
        use aws_lc_rs::signature::KeyPair as _;
        let modulus = self.key.as_ref().map(|key| {
            let modulus = key.public_key().modulus();
            URL_SAFE_NO_PAD.encode(modulus.big_endian_without_leading_zero())
        });
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "own", "e": "AQAB", "n": modulus })
    }
}

/// Without a signature; the header says so in one way or another.
pub(super) fn unsigned(algorithm: &str, claims: &Value) -> String {
    let header = json!({ "alg": algorithm, "typ": "JWT" });
    format!("{}.{}.", encoded(&header), encoded(claims))
}

/// Signed with what everybody can read: the public key as the secret of a symmetric algorithm.
pub(super) fn hs256(key_id: &str, claims: &Value, secret: &[u8]) -> String {
    let header = json!({ "alg": "HS256", "typ": "JWT", "kid": key_id });
    let signed = format!("{}.{}", encoded(&header), encoded(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let signature = hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}

/// The public key in the forms in which a careless validator might hold it: modulus as written, its bytes, DER, PEM.
pub(super) fn secrets_of(key: &Value) -> Vec<Vec<u8>> {
    let part = |name: &str| key[name].as_str().unwrap_or_default();
    let modulus = URL_SAFE_NO_PAD.decode(part("n")).unwrap_or_default();
    let exponent = URL_SAFE_NO_PAD.decode(part("e")).unwrap_or_default();
    let der = public_key(&modulus, &exponent);
    let encoded = STANDARD.encode(&der);
    let lines: Vec<&str> = encoded
        .as_bytes()
        .chunks(64)
        .filter_map(|line| std::str::from_utf8(line).ok())
        .collect();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        lines.join("\n")
    );
    vec![
        part("n").as_bytes().to_vec(),
        modulus,
        der,
        pem.into_bytes(),
    ]
}

/// `SubjectPublicKeyInfo` of an RSA key (RFC 8017 A.1.1, RFC 5280).
fn public_key(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    const RSA: [u8; 15] = [
        0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ];
    let key = der(0x30, &[integer(modulus), integer(exponent)].concat());
    let bits = der(0x03, &[vec![0], key].concat());
    der(0x30, &[RSA.to_vec(), bits].concat())
}

fn integer(bytes: &[u8]) -> Vec<u8> {
    let is_negative = bytes.first().is_some_and(|first| *first >= 0x80);
    let padded = [&[0][..usize::from(is_negative)], bytes].concat();
    der(0x02, &padded)
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let first = length.iter().position(|byte| *byte != 0).unwrap_or(7);
    let mut out = vec![tag];
    match &length[first..] {
        [short] if *short < 0x80 => out.push(*short),
        long => {
            out.push(0x80 | u8::try_from(long.len()).unwrap_or(8));
            out.extend(long);
        }
    }
    out.extend(content);
    out
}

/// The claims with some of them changed.
pub(super) fn changed(claims: &Value, changes: &Value) -> Value {
    let mut changed = claims.clone();
    for (name, value) in changes.as_object().into_iter().flatten() {
        changed[name.as_str()] = value.clone();
    }
    changed
}

/// The token with other claims under the signature that it had.
pub(super) fn tampered(token: &Token, changes: &Value) -> String {
    let (_, signature) = token.signed();
    let claims = changed(token.claims(), changes);
    format!(
        "{}.{}.{signature}",
        encoded(token.header()),
        encoded(&claims)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &Value) -> String {
        Forge::new().rs256(&json!({ "alg": "RS256", "kid": "k" }), claims)
    }

    #[test]
    fn a_token_is_shown_by_what_it_says_and_never_whole() {
        let text = token(&json!({ "aud": "api", "sub": "somebody" }));
        let line = format!("Bearer {text} and ?code=abc&x=1#id_token={text}");
        let shown = without_secrets(&line);
        assert_eq!(
            shown,
            "Bearer (token alg=RS256 aud=api) and ?code=(left out)&x=1#id_token=(left out)"
        );
        assert_eq!(without_secrets("plain text."), "plain text.");
    }

    #[test]
    fn only_three_parts_with_a_signature_are_a_token() {
        let text = token(&json!({ "aud": "https://management.azure.com/" }));
        let parsed = Token::parse(&SecretString::from(format!(" {text}\n"))).unwrap();
        assert!(parsed.is_for_management());
        for bad in ["abc", "eyJ9.e30.x", &unsigned("none", &json!({})), ""] {
            assert!(Token::parse(&SecretString::from(bad.to_owned())).is_err());
        }
    }

    #[test]
    fn a_public_key_is_written_as_its_standard_form() {
        // An exponent of three bytes and a modulus whose first bit is set.
        let der = public_key(&[0x80, 0x01], &[1, 0, 1]);
        let expected = [
            0x30, 0x1e, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
            0x01, 0x05, 0x00, 0x03, 0x0d, 0x00, 0x30, 0x0a, 0x02, 0x03, 0x00, 0x80, 0x01, 0x02,
            0x03, 0x01, 0x00, 0x01,
        ];
        assert_eq!(der, expected);
    }
}
