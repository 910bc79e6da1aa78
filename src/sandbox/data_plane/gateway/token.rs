//! Reading bearer tokens, and validating them as `validate-jwt` does (`domain.md` E.1).

use aws_lc_rs::hmac;
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RsaParameters,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::expression::value::{Jwt, Lists};

/// The three parts of a token, read but not believed.
#[derive(Debug, Clone)]
pub(super) struct Token {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    signed: String,
    signature: Vec<u8>,
}

/// A key that may have signed a token.
#[derive(Debug, Clone)]
pub(super) enum Key {
    Rsa {
        id: Option<String>,
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    Secret(Vec<u8>),
}

/// Why a token is not accepted: the reason `context.LastError` names, and its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rejected {
    pub(super) reason: &'static str,
    pub(super) message: String,
}

/// What a token must be, with everything evaluated.
#[derive(Debug, Clone)]
pub(super) struct Demand {
    pub(super) keys: Vec<Key>,
    /// Empty: of anybody.
    pub(super) issuers: Vec<String>,
    /// Empty: for anybody.
    pub(super) audiences: Vec<String>,
    pub(super) claims: Vec<Claim>,
    pub(super) needs_expiry: bool,
    pub(super) needs_signature: bool,
    pub(super) skew: Duration,
    pub(super) now: OffsetDateTime,
}

#[derive(Debug, Clone)]
pub(super) struct Claim {
    /// One of these claims; `validate-azure-ad-token` takes the client from `azp` or `appid`.
    pub(super) names: Vec<String>,
    pub(super) needs_all: bool,
    pub(super) separator: Option<String>,
    /// Empty: any value will do.
    pub(super) values: Vec<String>,
}

/// Compact serialisation; none if it is anything else.
pub(super) fn parse(text: &str) -> Option<Token> {
    let (signed, signature) = text.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let object = |part: &str| -> Option<Map<String, Value>> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
    };
    Some(Token {
        header: object(header)?,
        claims: object(claims)?,
        signed: signed.to_owned(),
        signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
    })
}

impl Token {
    fn header(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Value::as_str)
    }

    /// Values of a claim: an array's elements, or the one.
    fn claim(&self, name: &str) -> Option<Vec<String>> {
        let one = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(match self.claims.get(name)? {
            Value::Array(values) => values.iter().map(one).collect(),
            value => vec![one(value)],
        })
    }

    /// Seconds since 1970; the outer none: not there.
    fn moment(&self, name: &str) -> Option<Result<OffsetDateTime, Rejected>> {
        let value = self.claims.get(name)?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "fractions of a second are dropped, what is too large saturates and is refused below"
        )]
        let seconds = value
            .as_i64()
            .or_else(|| value.as_f64().map(|seconds| seconds as i64));
        let at = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        Some(at.ok_or_else(|| invalid(&format!("The claim '{name}' is not a time."))))
    }

    /// As expressions see it.
    pub(super) fn readable(&self) -> Jwt {
        let names = self.claims.keys();
        Jwt {
            algorithm: self.header("alg").unwrap_or_default().to_owned(),
            token_type: self.header("typ").unwrap_or_default().to_owned(),
            claims: Lists {
                entries: names
                    .filter_map(|name| Some((name.clone(), self.claim(name)?)))
                    .collect(),
                ignores_case: false,
            },
            audiences: self.claim("aud").unwrap_or_default(),
            expires: self.moment("exp").and_then(Result::ok),
            not_before: self.moment("nbf").and_then(Result::ok),
        }
    }

    pub(super) fn check(&self, demand: &Demand) -> Result<(), Rejected> {
        self.check_signature(demand)?;
        self.check_lifetime(demand)?;
        let is_among = |name: &str, accepted: &[String]| {
            let values = self.claim(name).unwrap_or_default();
            accepted.is_empty() || values.iter().any(|value| accepted.contains(value))
        };
        if !is_among("aud", &demand.audiences) {
            return Err(rejected(
                "TokenAudienceNotAllowed",
                "The token is meant for another audience.",
            ));
        }
        if !is_among("iss", &demand.issuers) {
            return Err(rejected(
                "TokenIssuerNotAllowed",
                "The token was issued by somebody else.",
            ));
        }
        demand
            .claims
            .iter()
            .try_for_each(|claim| self.check_claim(claim))
    }

    fn check_claim(&self, demand: &Claim) -> Result<(), Rejected> {
        let name = demand.names.join("' or '");
        let Some(held) = demand.names.iter().find_map(|name| self.claim(name)) else {
            return Err(rejected(
                "TokenClaimNotFound",
                &format!("The token lacks the claim '{name}'."),
            ));
        };
        let held: Vec<&str> = match demand.separator.as_deref() {
            None | Some("") => held.iter().map(String::as_str).collect(),
            Some(separator) => held
                .iter()
                .flat_map(|value| value.split(separator))
                .collect(),
        };
        let mut wanted = demand
            .values
            .iter()
            .map(|value| held.contains(&value.as_str()));
        let is_met = if demand.needs_all {
            wanted.all(|is_there| is_there)
        } else {
            demand.values.is_empty() || wanted.any(|is_there| is_there)
        };
        if is_met {
            Ok(())
        } else {
            Err(rejected(
                "TokenClaimValueNotAllowed",
                &format!("The claim '{name}' has another value."),
            ))
        }
    }

    fn check_lifetime(&self, demand: &Demand) -> Result<(), Rejected> {
        match self.moment("exp").transpose()? {
            None if demand.needs_expiry => {
                return Err(rejected(
                    "TokenNoExpirationTime",
                    "The token has no expiration time.",
                ));
            }
            Some(at) if at + demand.skew <= demand.now => {
                return Err(rejected("TokenExpired", "The token has expired."));
            }
            None | Some(_) => {}
        }
        match self.moment("nbf").transpose()? {
            Some(at) if at > demand.now + demand.skew => {
                Err(rejected("TokenNotYetValid", "The token is not yet valid."))
            }
            None | Some(_) => Ok(()),
        }
    }

    fn check_signature(&self, demand: &Demand) -> Result<(), Rejected> {
        let algorithm = self.header("alg").unwrap_or_default();
        if self.signature.is_empty() {
            // Unsigned is `none` alone: a signature cut off is not.
            return match algorithm {
                "none" if !demand.needs_signature => Ok(()),
                _ => Err(rejected(
                    "TokenSignatureInvalid",
                    "The token is not signed.",
                )),
            };
        }
        let wanted = self.header("kid");
        let of_id = |key: &&Key| match (key, wanted) {
            (Key::Rsa { id: Some(id), .. }, Some(wanted)) => id == wanted,
            (Key::Rsa { .. } | Key::Secret(_), _) => true,
        };
        let candidates: Vec<&Key> = demand.keys.iter().filter(of_id).collect();
        if candidates.is_empty() {
            return Err(rejected(
                "TokenSignatureKeyNotFound",
                "The key that signed the token is not known.",
            ));
        }
        if candidates.iter().any(|key| self.is_signed(algorithm, key)) {
            Ok(())
        } else {
            Err(rejected(
                "TokenSignatureInvalid",
                "The signature of the token is invalid.",
            ))
        }
    }

    /// The kind of the key decides which algorithms count: a public key is never taken as a shared secret.
    fn is_signed(&self, algorithm: &str, key: &Key) -> bool {
        match key {
            Key::Rsa {
                modulus, exponent, ..
            } => {
                let parameters: &RsaParameters = match algorithm {
                    "RS256" => &RSA_PKCS1_2048_8192_SHA256,
                    "RS512" => &RSA_PKCS1_2048_8192_SHA512,
                    "PS256" => &RSA_PSS_2048_8192_SHA256,
                    _ => return false,
                };
                let components = PublicKeyComponents {
                    n: modulus.as_slice(),
                    e: exponent.as_slice(),
                };
                components
                    .verify(parameters, self.signed.as_bytes(), &self.signature)
                    .is_ok()
            }
            Key::Secret(secret) => {
                let algorithm = match algorithm {
                    "HS256" => hmac::HMAC_SHA256,
                    "HS384" => hmac::HMAC_SHA384,
                    "HS512" => hmac::HMAC_SHA512,
                    _ => return false,
                };
                let key = hmac::Key::new(algorithm, secret);
                hmac::verify(&key, self.signed.as_bytes(), &self.signature).is_ok()
            }
        }
    }
}

/// The keys of a `keys` document (RFC 7517); what is no RSA key is passed over.
pub(super) fn keys(document: &Value) -> Vec<Key> {
    let keys = document["keys"].as_array().into_iter().flatten();
    keys.filter_map(|key| {
        let part = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str()?).ok();
        Some(Key::Rsa {
            id: key["kid"].as_str().map(str::to_owned),
            modulus: part("n")?,
            exponent: part("e")?,
        })
    })
    .collect()
}

fn rejected(reason: &'static str, message: &str) -> Rejected {
    Rejected {
        reason,
        message: message.to_owned(),
    }
}

pub(super) fn invalid(message: &str) -> Rejected {
    rejected("JwtInvalid", message)
}
