//! `validate-jwt` and `validate-azure-ad-token` out of a document.

use super::read::{
    Read, attribute, attribute_or, choice, content, fixed, list, literal, needed, part, text,
};
use super::shape;
use super::statement::{ClaimRule, InlineKey, Text, TokenFrom, TokenRules};
use crate::sandbox::behaviour::apim::document::Element;

pub(super) fn jwt(element: &Element) -> Read<TokenRules> {
    let openid = element
        .elements()
        .filter(|child| child.name == "openid-config");
    let openid = openid.map(|child| {
        shape::check(child)?;
        needed(child, "url")
    });
    Ok(TokenRules {
        name: "validate-jwt",
        from: source(element)?.ok_or("<validate-jwt> without a place for the token")?,
        code: attribute_or(element, "failed-validation-httpcode", "401")?,
        message: attribute(element, "failed-validation-error-message")?,
        needs_expiry: attribute_or(element, "require-expiration-time", "true")?,
        scheme: attribute(element, "require-scheme")?,
        needs_signature: attribute_or(element, "require-signed-tokens", "true")?,
        skew: attribute_or(element, "clock-skew", "0")?,
        variable: variable(element)?,
        openid: openid.collect::<Read<_>>()?,
        keys: keys(element)?,
        audiences: list(element, "audiences", "audience")?,
        issuers: list(element, "issuers", "issuer")?,
        claims: claims(element)?,
    })
}

/// Tokens of one Entra tenant, from one of the named clients (`learn.microsoft.com`, validate-azure-ad-token policy).
pub(super) fn workforce(element: &Element) -> Read<TokenRules> {
    let tenant = fixed(element, "tenant-id")?;
    if uuid::Uuid::parse_str(&tenant).is_err() {
        return Err("a tenant that is not named by its id".to_owned());
    }
    let clients = list(element, "client-application-ids", "application-id")?;
    let mut claims = claims(element)?;
    if !clients.is_empty() {
        claims.push(ClaimRule {
            names: vec!["azp".to_owned(), "appid".to_owned()],
            needs_all: false,
            separator: None,
            values: clients,
        });
    }
    let login = "https://login.microsoftonline.com";
    let plain = |text: String| Text::Plain(text);
    Ok(TokenRules {
        name: "validate-azure-ad-token",
        from: source(element)?.unwrap_or(TokenFrom::Header(plain("Authorization".to_owned()))),
        code: attribute_or(element, "failed-validation-httpcode", "401")?,
        message: attribute(element, "failed-validation-error-message")?,
        needs_expiry: plain("true".to_owned()),
        scheme: None,
        needs_signature: plain("true".to_owned()),
        skew: plain("0".to_owned()),
        variable: variable(element)?,
        openid: vec![plain(format!(
            "{login}/{tenant}/v2.0/.well-known/openid-configuration"
        ))],
        keys: Vec::new(),
        audiences: list(element, "audiences", "audience")?,
        issuers: vec![
            plain(format!("{login}/{tenant}/v2.0")),
            plain(format!("https://sts.windows.net/{tenant}/")),
        ],
        claims,
    })
}

fn variable(element: &Element) -> Read<Option<String>> {
    literal(element, "output-token-variable-name").map(|found| found.map(str::to_owned))
}

fn source(element: &Element) -> Read<Option<TokenFrom>> {
    let header = attribute(element, "header-name")?.map(TokenFrom::Header);
    let query = attribute(element, "query-parameter-name")?.map(TokenFrom::Query);
    let value = attribute(element, "token-value")?.map(TokenFrom::Value);
    let mut given = [header, query, value].into_iter().flatten();
    let found = given.next();
    match given.next() {
        None => Ok(found),
        Some(_) => Err(format!(
            "<{}> with several places for the token",
            element.name
        )),
    }
}

fn keys(element: &Element) -> Read<Vec<InlineKey>> {
    let Some(keys) = part(element, "issuer-signing-keys")? else {
        return Ok(Vec::new());
    };
    let keys = keys.elements().map(|key| {
        shape::check(key)?;
        match (attribute(key, "n")?, attribute(key, "e")?) {
            (Some(modulus), Some(exponent)) => Ok(InlineKey::Rsa {
                id: attribute(key, "id")?,
                modulus,
                exponent,
            }),
            (None, None) => content(key).map(InlineKey::Secret),
            _ => Err("a key with half of its numbers".to_owned()),
        }
    });
    keys.collect()
}

fn claims(element: &Element) -> Read<Vec<ClaimRule>> {
    let Some(claims) = part(element, "required-claims")? else {
        return Ok(Vec::new());
    };
    let claims = claims.elements().map(|claim| {
        shape::check(claim)?;
        let mut values = Vec::new();
        for value in claim.elements() {
            shape::check(value)?;
            values.push(content(value)?);
        }
        Ok(ClaimRule {
            names: vec![fixed(claim, "name")?],
            needs_all: choice(claim, "match", &["all", "any"])? == 0,
            separator: match claim.attribute("separator") {
                None => None,
                Some(separator) => match text(separator)? {
                    Text::Plain(separator) => Some(separator),
                    Text::Computed(_) => return Err("a computed separator".to_owned()),
                },
            },
            values,
        })
    });
    claims.collect()
}
