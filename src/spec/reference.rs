//! References in text: `${env:NAME}`, `${env:NAME:-default}`, `${file:PATH}`, `${keyvault:vault/secret}`.
//!
//! Only the grammar: `read` answers references in ordinary fields, `secret` those in secret ones. `$${` writes a
//! literal `${`.

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Literal(String),
    Reference(Reference),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    Environment {
        variable: String,
        default: Option<String>,
    },
    File {
        path: String,
    },
    KeyVault {
        vault: String,
        secret: String,
    },
}

pub(crate) fn parse(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, reference) = rest.split_at(start);
        if let Some(before) = before.strip_suffix('$') {
            literal.push_str(before);
            literal.push_str("${");
            rest = &reference[2..];
            continue;
        }
        literal.push_str(before);
        let end = reference
            .find('}')
            .ok_or_else(|| format!("`{reference}` has no closing `}}`"))?;
        if !literal.is_empty() {
            parts.push(Part::Literal(std::mem::take(&mut literal)));
        }
        parts.push(Part::Reference(parse_reference(&reference[2..end])?));
        rest = &reference[end + 1..];
    }
    literal.push_str(rest);
    if !literal.is_empty() || parts.is_empty() {
        parts.push(Part::Literal(literal));
    }
    Ok(parts)
}

fn parse_reference(inside: &str) -> Result<Reference, String> {
    let malformed = |expected: &str| format!("`${{{inside}}}` is malformed: expected `{expected}`");
    match inside.split_once(':') {
        Some(("env", rest)) => {
            let (variable, default) = rest
                .split_once(":-")
                .map_or((rest, None), |(name, default)| (name, Some(default)));
            let fine = is_variable(variable);
            let reference = Reference::Environment {
                variable: variable.to_owned(),
                default: default.map(str::to_owned),
            };
            fine.then_some(reference)
                .ok_or_else(|| malformed("${env:NAME}"))
        }
        Some(("file", path)) if !path.is_empty() => Ok(Reference::File {
            path: path.to_owned(),
        }),
        Some(("keyvault", rest)) => {
            let (vault, secret) = rest.split_once('/').unwrap_or((rest, ""));
            let fine = is_vault_name(vault) && is_vault_name(secret);
            let reference = Reference::KeyVault {
                vault: vault.to_owned(),
                secret: secret.to_owned(),
            };
            fine.then_some(reference)
                .ok_or_else(|| malformed("${keyvault:vault/secret}"))
        }
        _ => Err(malformed(
            "${env:NAME}`, `${file:PATH}` or `${keyvault:vault/secret}",
        )),
    }
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Names of vaults and of their secrets: letters, digits and dashes.
fn is_vault_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 127
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(variable: &str, default: Option<&str>) -> Part {
        Part::Reference(Reference::Environment {
            variable: variable.to_owned(),
            default: default.map(str::to_owned),
        })
    }

    #[test]
    fn text_without_references_is_one_literal() {
        assert_eq!(
            parse("rg-orders"),
            Ok(vec![Part::Literal("rg-orders".to_owned())])
        );
        assert_eq!(parse(""), Ok(vec![Part::Literal(String::new())]));
    }

    #[test]
    fn references_may_stand_inside_text() {
        let literal = |text: &str| Part::Literal(text.to_owned());
        assert_eq!(
            parse("rg-${env:TEAM}-x"),
            Ok(vec![literal("rg-"), env("TEAM", None), literal("-x")])
        );
        assert_eq!(
            parse("${env:A:-b:-c}${env:D}"),
            Ok(vec![env("A", Some("b:-c")), env("D", None)])
        );
    }

    #[test]
    fn a_doubled_dollar_is_no_reference() {
        assert_eq!(
            parse("a$${env:B}"),
            Ok(vec![Part::Literal("a${env:B}".to_owned())])
        );
        assert_eq!(
            parse("costs $5"),
            Ok(vec![Part::Literal("costs $5".to_owned())])
        );
    }

    #[test]
    fn what_is_malformed_is_named() {
        for (text, expected) in [
            ("${env:}", "${env:NAME}"),
            ("${env:A-B}", "${env:NAME}"),
            ("${keyvault:vault}", "${keyvault:vault/secret}"),
            ("${HOME}", "${file:PATH}"),
            ("${file:}", "${file:PATH}"),
            ("${env:A", "no closing"),
        ] {
            let message = parse(text).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
