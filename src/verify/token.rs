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

/// Ends of the ids of Microsoft's own applications: of its directory services, and of Office.
const OWN_ENDS: [&str; 2] = [
    "-0000-0000-c000-000000000000",
    "-0000-0ff1-ce00-000000000000",
];
/// More of them: Resource Manager, Azure DevOps, Key Vault, Storage, SQL Database, Databricks.
const OWN: [&str; 6] = [
    "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    "499b84ac-1321-427f-aa17-267ca6975798",
    "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
    "e406a681-f3d4-42a8-90b6-c2b029497af1",
    "022907d3-0f1b-48f7-badc-1ba6abab6d66",
    "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d",
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

    /// Whom it is for: one, or several.
    fn audiences(&self) -> Vec<&str> {
        match &self.claims["aud"] {
            Value::Array(all) => all
                .iter()
                .map(|one| one.as_str().unwrap_or_default())
                .collect(),
            one => vec![one.as_str().unwrap_or_default()],
        }
    }

    /// Whether it is for this application and nobody else.
    pub fn is_for(&self, application: &str) -> bool {
        let audiences = self.audiences();
        !audiences.is_empty()
            && audiences
                .iter()
                .all(|audience| audience.eq_ignore_ascii_case(application))
    }

    /// Whether everybody it is for is an application of some directory, and none of Microsoft's own: a token for
    /// those may be a key to the subscription. What is not known to be harmless is not.
    pub fn is_for_applications(&self) -> bool {
        let audiences = self.audiences();
        !audiences.is_empty() && audiences.iter().all(|audience| is_application(audience))
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

/// By an id, or by an URI that begins with one (`api://ID`) or has a directory's own domain.
fn is_application(audience: &str) -> bool {
    let audience = audience.to_ascii_lowercase();
    if uuid::Uuid::try_parse(&audience).is_ok() {
        return audience.len() == 36
            && !OWN.contains(&audience.as_str())
            && !OWN_ENDS.iter().any(|end| audience.ends_with(end));
    }
    if let Some(name) = audience.strip_prefix("api://") {
        // By name it may be `api://AzureADTokenExchange`, which is exchanged for a sign-in.
        let id = name.split('/').next().unwrap_or_default();
        return id.len() == 36 && is_application(id);
    }
    let host = audience.strip_prefix("https://");
    let host = host.and_then(|rest| rest.split(['/', ':', '?', '#', '@', '\\']).next());
    host.is_some_and(|host| {
        host.strip_suffix(".onmicrosoft.com")
            .is_some_and(|name| !name.is_empty() && !name.contains('.'))
    })
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
        let text = token(&json!({ "aud": "api" }));
        assert!(Token::parse(&SecretString::from(format!(" {text}\n"))).is_ok());
        for bad in ["abc", "eyJ9.e30.x", &unsigned("none", &json!({})), ""] {
            assert!(Token::parse(&SecretString::from(bad.to_owned())).is_err());
        }
    }

    fn of(claims: &Value) -> Token {
        Token::parse(&SecretString::from(token(claims))).unwrap()
    }

    const API: &str = "11111111-2222-4333-8444-555555555555";

    #[test]
    fn the_users_token_is_for_the_api_alone() {
        let is_for = |aud: Value| of(&json!({ "aud": aud })).is_for(API);
        assert!(is_for(json!(API)) && is_for(json!([API])));
        assert!(!is_for(json!([API, "https://management.azure.com/"])));
        for other in [json!("other"), json!([]), json!(null), json!([API, 1])] {
            assert!(!is_for(other.clone()), "{other}");
        }
    }

    #[test]
    fn a_token_that_must_be_refused_is_for_an_application_and_never_for_azure() {
        let is_harmless = |aud: Value| of(&json!({ "aud": aud })).is_for_applications();
        for application in [
            json!(API),
            json!(format!("api://{API}")),
            json!(format!("api://{API}/read")),
            json!("https://contoso.onmicrosoft.com/other"),
            json!([API]),
        ] {
            assert!(is_harmless(application.clone()), "{application}");
        }
        for azure in [
            json!("https://management.azure.com/"),
            json!("https://MANAGEMENT.azure.com"),
            json!(["https://management.azure.com/"]),
            json!([API, "https://graph.microsoft.com"]),
            json!("https://graph.windows.net"),
            json!("https://graph.microsoft.us"),
            json!("https://storage.azure.com/"),
            json!("https://database.windows.net/"),
            json!("https://api.loganalytics.io"),
            json!("https://evil.com/.onmicrosoft.com"),
            json!("00000002-0000-0000-c000-000000000000"),
            json!("00000003-0000-0FF1-CE00-000000000000"),
            json!("{00000003-0000-0000-c000-000000000000}"),
            json!("api://00000003-0000-0000-c000-000000000000"),
            json!("499b84ac-1321-427f-aa17-267ca6975798"),
            json!("api://AzureADTokenExchange"),
            json!(null),
            json!([]),
            json!(7),
        ] {
            assert!(!is_harmless(azure.clone()), "{azure}");
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
