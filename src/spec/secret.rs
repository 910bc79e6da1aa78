//! Secrets: where they may be had, and what gives a literal one away.
//!
//! A spec is reviewed and kept like code, so a secret has no place in it. The detector would rather ask for one
//! reference too many than let one secret through; it looks at values, never at what they are called alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use secrecy::SecretString;

use super::model::SecretSource;

/// Why a secret could not be had. Says where it should have been, never what was found there.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("environment variable `{variable}` is not set")]
    NotSet { variable: String },
    #[error("cannot read the secret from `{path}`")]
    Unreadable {
        path: String,
        source: std::io::Error,
    },
    #[error("the secret in `{path}` is empty")]
    Empty { path: String },
    #[error(
        "`${{keyvault:{vault}/{secret}}}` can only be read by Azure itself, not for signing in"
    )]
    KeptInAzure { vault: String, secret: String },
}

impl SecretSource {
    /// Fetches the secret at the moment it is needed. `directory` is what file names are relative to.
    pub fn read(
        &self,
        environment: &BTreeMap<String, String>,
        directory: &Path,
    ) -> Result<SecretString, SecretError> {
        match self {
            Self::Environment { variable } => {
                let found = environment.get(variable).filter(|value| !value.is_empty());
                found
                    .map(|value| SecretString::from(value.as_str()))
                    .ok_or_else(|| SecretError::NotSet {
                        variable: variable.clone(),
                    })
            }
            Self::File { path } => {
                let text = std::fs::read_to_string(directory.join(path)).map_err(|source| {
                    SecretError::Unreadable {
                        path: path.clone(),
                        source,
                    }
                })?;
                let secret = text.trim_end_matches(['\r', '\n']);
                if secret.is_empty() {
                    return Err(SecretError::Empty { path: path.clone() });
                }
                Ok(SecretString::from(secret))
            }
            Self::KeyVault { vault, secret } => Err(SecretError::KeptInAzure {
                vault: vault.clone(),
                secret: secret.clone(),
            }),
        }
    }
}

/// Names that operators give to variables and settings that hold secrets.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let upper = name.to_uppercase();
    ["SECRET", "PASSWORD", "PASSWD", "TOKEN", "KEY"]
        .iter()
        .any(|part| upper.contains(part))
}

/// What the text looks like, if it looks like a secret.
pub(crate) fn looks_like_secret(text: &str) -> Option<&'static str> {
    if text.contains("-----BEGIN") && text.contains("PRIVATE KEY") {
        return Some("a private key");
    }
    if let Some(found) = connection_string(text) {
        return Some(found);
    }
    text.split(|c: char| c.is_whitespace() || "\"'<>(),;".contains(c))
        .find_map(token)
}

/// `AccountKey=…;`, `Password=…`: the parts of connection strings that are secret.
fn connection_string(text: &str) -> Option<&'static str> {
    let secret_part = |part: &str| {
        let (name, value) = part.split_once('=')?;
        let name = name.trim().to_lowercase().replace(' ', "");
        let secret = matches!(
            name.as_str(),
            "accountkey" | "sharedaccesskey" | "sharedaccesssignature" | "password" | "pwd"
        );
        (secret && !value.trim().is_empty() && !value.contains("${"))
            .then_some("a connection string with its key")
    };
    text.split(';').find_map(secret_part)
}

fn token(token: &str) -> Option<&'static str> {
    let well_known = [
        ("ghp_", "a GitHub token"),
        ("github_pat_", "a GitHub token"),
        ("AKIA", "an AWS key"),
        ("xoxb-", "a Slack token"),
        ("sk_live_", "a Stripe key"),
    ];
    if let Some((_, what)) = well_known
        .iter()
        .find(|(prefix, _)| token.starts_with(prefix) && token.len() >= 20)
    {
        return Some(what);
    }
    if token.starts_with("eyJ") && token.matches('.').count() == 2 {
        return Some("a token");
    }
    // Entra's generated client secrets: three characters, a digit, `Q~`, then 31 to 34 more.
    if (35..=50).contains(&token.len()) && token.get(4..6) == Some("Q~") {
        return Some("a client secret");
    }
    if token.contains("sig=") && token.contains("se=") {
        return Some("a shared access signature");
    }
    is_random(token).then_some("a key or password")
}

/// Long, of many different characters, switching between kinds of them all the time: nobody types such a name.
fn is_random(token: &str) -> bool {
    let alphabet = |c: char| c.is_ascii_alphanumeric() || "+/=_-~.".contains(c);
    if token.len() < 32 || token.contains("://") || !token.chars().all(alphabet) {
        return false;
    }
    if token.len() >= 40 && token.chars().all(|c| c.is_ascii_hexdigit()) {
        return token.chars().any(|c| c.is_ascii_digit())
            && token.chars().any(|c| c.is_ascii_alphabetic());
    }
    let kinds: Vec<u8> = token
        .chars()
        .map(|c| {
            if c.is_ascii_uppercase() {
                0
            } else if c.is_ascii_lowercase() {
                1
            } else if c.is_ascii_digit() {
                2
            } else {
                3
            }
        })
        .collect();
    let has = |kind: u8| kinds.contains(&kind);
    let switches = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let distinct = token.chars().collect::<BTreeSet<_>>().len();
    has(0) && has(1) && has(2) && distinct >= 16 && switches * 5 >= token.len() * 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn secrets_are_recognised_by_their_shape() {
        for secret in [
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
            "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=abcd==;EndpointSuffix=core.windows.net",
            "Server=tcp:x;User ID=a;Password=hunter2;",
            "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
            "abc8Q~0123456789abcdefghijABCDEFGHIJ0123",
            "https://x.blob.core.windows.net/c?sv=2022&se=2027&sig=abc",
            "Zm9vYmFyMTIzNDU2Nzg5MEFCQ0RFRkdIaWprbG1ub3A5OTg4Nzc2NjU1NDQ=",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ] {
            assert!(looks_like_secret(secret).is_some(), "{secret}");
        }
    }

    #[test]
    fn ordinary_values_are_not_taken_for_secrets() {
        for value in [
            "00000000-0000-4000-8000-000000000001",
            "https://app.contoso.com/auth/callback/with/a/very/long/path",
            "./openapi/orders.yaml",
            "${env:AZURE_SUBSCRIPTION_ID}",
            "Reads the orders of the signed-in user, newest first, at most one hundred of them.",
            "TheOperationThatListsAllOrdersOfACustomer2",
            "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Web/sites/func",
            "contosob2c.onmicrosoft.com",
            "Password=${env:DB}",
        ] {
            assert_eq!(looks_like_secret(value), None, "{value}");
        }
    }

    #[test]
    fn a_secret_is_read_from_where_the_reference_says() {
        let environment = BTreeMap::from([("B2C_CLIENT_SECRET".to_owned(), "hush".to_owned())]);
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("secret"), "hush\n").unwrap();
        let variable = SecretSource::Environment {
            variable: "B2C_CLIENT_SECRET".to_owned(),
        };
        let file = SecretSource::File {
            path: "secret".to_owned(),
        };
        for source in [variable, file] {
            assert_eq!(
                source
                    .read(&environment, directory.path())
                    .unwrap()
                    .expose_secret(),
                "hush"
            );
        }
        let missing = SecretSource::Environment {
            variable: "OTHER".to_owned(),
        };
        assert_eq!(
            missing
                .read(&environment, directory.path())
                .unwrap_err()
                .to_string(),
            "environment variable `OTHER` is not set"
        );
    }
}
