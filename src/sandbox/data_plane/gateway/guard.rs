//! `validate-jwt`: where the token is, which keys count, and what becomes of one that does not pass.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use time::Duration;

use super::expression::Value;
use super::run::{Failure, Runner, Stop};
use super::statement::{InlineKey, Text, TokenFrom, TokenRules};
use super::token::{self, Claim, Demand, Key, Rejected};

/// Longest skew that is taken as seconds; more than any gateway needs.
const MOST_SKEW: u64 = 1_000_000_000;

impl Runner<'_, '_> {
    pub(super) fn check_token(&mut self, rules: &TokenRules) -> Result<(), Stop> {
        let found = match self.carried(rules)? {
            Some(Ok(token)) => {
                let demand = self.demand(rules)?;
                token::parse(&token)
                    .ok_or_else(|| token::invalid("The token is malformed."))
                    .and_then(|token| token.check(&demand).map(|()| token))
            }
            Some(Err(rejected)) => Err(rejected),
            None => Err(Rejected {
                reason: "TokenNotPresent",
                message: "JWT not present.".to_owned(),
            }),
        };
        match found {
            Ok(token) => {
                let readable = Value::Jwt(Rc::new(token.readable()));
                self.keep(rules.variable.as_ref(), readable);
                Ok(())
            }
            Err(rejected) => self.reject(rules, rejected),
        }
    }

    fn reject(&mut self, rules: &TokenRules, rejected: Rejected) -> Result<(), Stop> {
        let status = rules.code.status(&self.context);
        let status = self.known(status)?;
        let shown = match &rules.message {
            Some(message) => Some(self.text(message)?),
            None => None,
        };
        Err(self.fail(Failure {
            source: rules.name,
            reason: rejected.reason,
            message: rejected.message,
            status,
            shown,
            headers: Vec::new(),
        }))
    }

    /// The token as it was sent; the inner error: something stands there that is none.
    fn carried(&mut self, rules: &TokenRules) -> Result<Option<Result<String, Rejected>>, Stop> {
        match &rules.from {
            TokenFrom::Value(value) => {
                let value = self.text(value)?;
                Ok((!value.is_empty()).then_some(Ok(value)))
            }
            TokenFrom::Query(name) => {
                let name = self.text(name)?;
                let query = self.context.request.address.query_lists();
                Ok(query.get(&name).map(|values| Ok(values.join(","))))
            }
            TokenFrom::Header(name) => {
                let name = self.text(name)?;
                let scheme = match &rules.scheme {
                    Some(scheme) => self.text(scheme)?,
                    None => String::new(),
                };
                let values: Vec<&str> = self.context.request.headers.values(&name).collect();
                if values.is_empty() {
                    return Ok(None);
                }
                // Two headers of one name are one with a comma, and no token has a comma.
                let held = values.join(",");
                Ok(Some(if name.eq_ignore_ascii_case("Authorization") {
                    without_scheme(&held, &scheme)
                } else {
                    Ok(held)
                }))
            }
        }
    }

    fn demand(&mut self, rules: &TokenRules) -> Result<Demand, Stop> {
        let mut issuers = self.texts(&rules.issuers)?;
        let mut keys = self.inline(&rules.keys)?;
        for url in &rules.openid {
            let url = self.text(url)?;
            let Some((issuer, published)) = self.published(&url)? else {
                return Err(self.fail(Failure {
                    source: rules.name,
                    reason: "OpenIdConfigurationUnavailable",
                    message: format!("Unable to obtain configuration from {url}."),
                    status: 500,
                    shown: Some("Internal server error".to_owned()),
                    headers: Vec::new(),
                }));
            };
            // The reference: keys and issuer come from there.
            issuers.push(issuer);
            keys.extend(published);
        }
        let mut claims = Vec::new();
        for claim in &rules.claims {
            claims.push(Claim {
                names: claim.names.clone(),
                needs_all: claim.needs_all,
                separator: claim.separator.clone(),
                values: self.texts(&claim.values)?,
            });
        }
        let needs_expiry = rules.needs_expiry.truth(&self.context);
        let needs_signature = rules.needs_signature.truth(&self.context);
        let skew = rules.skew.number(&self.context);
        let skew = self.known(skew)?.min(MOST_SKEW);
        Ok(Demand {
            keys,
            issuers,
            audiences: self.texts(&rules.audiences)?,
            claims,
            needs_expiry: self.known(needs_expiry)?,
            needs_signature: self.known(needs_signature)?,
            skew: Duration::seconds(i64::try_from(skew).unwrap_or(0)),
            now: self.context.now,
        })
    }

    fn texts(&mut self, texts: &[Text]) -> Result<Vec<String>, Stop> {
        texts.iter().map(|text| self.text(text)).collect()
    }

    fn inline(&mut self, keys: &[InlineKey]) -> Result<Vec<Key>, Stop> {
        let mut read = Vec::new();
        for key in keys {
            let made = match key {
                InlineKey::Secret(secret) => {
                    let secret = self.text(secret)?;
                    STANDARD.decode(secret).ok().map(Key::Secret)
                }
                InlineKey::Rsa {
                    id,
                    modulus,
                    exponent,
                } => {
                    let id = match id {
                        Some(id) => Some(self.text(id)?),
                        None => None,
                    };
                    let [modulus, exponent] = [self.text(modulus)?, self.text(exponent)?];
                    let number = |text: &String| URL_SAFE_NO_PAD.decode(text).ok();
                    number(&modulus)
                        .zip(number(&exponent))
                        .map(|(modulus, exponent)| Key::Rsa {
                            id,
                            modulus,
                            exponent,
                        })
                }
            };
            let Some(made) = made else {
                return Err(self.thrown("A signing key is malformed."));
            };
            read.push(made);
        }
        Ok(read)
    }

    /// Issuer and keys of an `OpenID` configuration. Azure keeps them for an hour, the sandbox asks each time.
    fn published(&mut self, url: &str) -> Result<Option<(String, Vec<Key>)>, Stop> {
        let Some(metadata) = self.fetch(url)? else {
            return Ok(None);
        };
        let (Some(issuer), Some(address)) =
            (metadata["issuer"].as_str(), metadata["jwks_uri"].as_str())
        else {
            return Ok(None);
        };
        let keys = self.fetch(address)?;
        Ok(keys.map(|keys| (issuer.to_owned(), token::keys(&keys))))
    }
}

/// `Bearer x` is `x`; with a scheme required it has to be that one, in letters of either case (RFC 9110, 11.1).
fn without_scheme(held: &str, required: &str) -> Result<String, Rejected> {
    let (scheme, token) = held.split_once(' ').unwrap_or(("", held));
    if required.is_empty() || scheme.eq_ignore_ascii_case(required) {
        Ok(token.trim().to_owned())
    } else {
        Err(Rejected {
            reason: "TokenNotPresent",
            message: format!("The token is not of the scheme {required}."),
        })
    }
}
