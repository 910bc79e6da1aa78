//! Which texts of a policy may be secrets: shown as `⟨secret⟩`, two different ones as `⟨secret⟩` and `⟨secret 2⟩`.
//!
//! By where they stand, for nothing tells a password from a word: what a statement signs in with, the headers and query
//! parameters that carry credentials, symmetric keys. References to named values and expressions are no secrets.

use super::document::Document;
use super::tree::{Element, Node, Value};

/// Attributes that hold a secret, of any statement.
const ATTRIBUTES: &[&str] = &["password", "client-secret"];

/// Attributes that do in one statement.
const OF_STATEMENT: &[(&str, &str)] = &[("authentication-certificate", "body")];

/// Elements whose text is a key.
const KEYS: &[&str] = &["key"];

/// Statements that set something whose `name` says whether it is secret, as an attribute or in `value` elements.
const NAMED: &[&str] = &["set-header", "set-query-parameter", "set-variable"];

/// Words, one of which makes a name that of a secret: `sv.sig`, `X-Auth-JWT`.
const WORDS: &[&str] = &[
    "authorization",
    "bearer",
    "credential",
    "credentials",
    "jwt",
    "otp",
    "passphrase",
    "pin",
    "pwd",
    "sas",
    "sig",
];

/// Words that make a secret on their own and at the end of others: `x-functions-key`, `apikey`, `sessionToken`.
const ENDS: &[&str] = &[
    "cookie",
    "cookies",
    "key",
    "keys",
    "password",
    "passwords",
    "passwd",
    "secret",
    "secrets",
    "signature",
    "token",
    "tokens",
];

/// Words that only end like one.
const ORDINARY: &[&str] = &["donkey", "hockey", "jockey", "monkey", "turkey", "whiskey"];

/// Two words that make a secret together, also written as one: a function is called with a `hostCode`, and an
/// `X-Country-Code` is a country. `code` is one by itself.
const PAIRS: &[(&str, &str)] = &[
    ("access", "code"),
    ("api", "code"),
    ("auth", "code"),
    ("client", "code"),
    ("connection", "string"),
    ("function", "code"),
    ("functions", "code"),
    ("host", "code"),
    ("pass", "code"),
    ("security", "code"),
    ("verification", "code"),
];

/// Whether a header, query parameter or variable of this name carries what somebody signs in with.
fn names_secret(name: &str) -> bool {
    let words = words(name);
    let is_code = matches!(
        words.iter().map(String::as_str).collect::<Vec<_>>()[..],
        ["code"] | ["x", "code"]
    );
    let is_pair = |two: &[String]| PAIRS.iter().any(|(first, second)| two == [*first, *second]);
    is_code || words.iter().any(|word| is_secret_word(word)) || words.windows(2).any(is_pair)
}

fn is_secret_word(word: &str) -> bool {
    let is_joined = |(first, second): &(&str, &str)| {
        word.strip_suffix(second)
            .is_some_and(|start| start.ends_with(first))
    };
    WORDS.contains(&word)
        || (ENDS.iter().any(|end| word.ends_with(end)) && !ORDINARY.contains(&word))
        || PAIRS.iter().any(is_joined)
}

/// Whether a body says a name that is secret with a value: `client_secret=…` of a form, `"password": …` in JSON.
fn holds_secret(body: &Value) -> bool {
    let Some(text) = body.as_text() else {
        return false;
    };
    let mut parts = text.split(['=', ':']);
    parts.next_back();
    parts.any(|before| {
        let before = before.trim_end_matches(|letter: char| !letter.is_alphanumeric());
        let is_of_name =
            |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.');
        let name = before.rsplit(|letter| !is_of_name(letter)).next();
        name.is_some_and(names_secret)
    })
}

/// In lower case: `X-API-Key`, `x_api_key2` and `xApiKey` are `x`, `api`, `key`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    let mut rest = name.chars().peekable();
    while let Some(letter) = rest.next() {
        if letter.is_alphabetic() {
            // A capital starts a word after a small letter, and before one: `APIKey`.
            let is_before_small = rest.peek().is_some_and(|next| next.is_lowercase());
            let starts = !last.is_alphabetic()
                || (letter.is_uppercase() && (!last.is_uppercase() || is_before_small));
            match words.last_mut() {
                Some(word) if !starts => word.extend(letter.to_lowercase()),
                _ => words.push(letter.to_lowercase().collect()),
            }
        }
        last = letter;
    }
    words
}

/// Secrets in the order they were met: how two are told apart without a word about either.
#[derive(Default)]
pub(super) struct Secrets {
    met: Vec<Value>,
}

impl Secrets {
    /// The document with a hole for each secret; equal documents stay equal, and others different.
    pub(super) fn hidden(&mut self, document: &Document) -> Document {
        let mut hidden = document.clone();
        self.hide(&mut hidden.root, false);
        hidden
    }

    pub(super) fn texts(&self) -> Vec<String> {
        let texts = self.met.iter().filter_map(Value::as_text);
        texts.map(|text| text.trim().to_owned()).collect()
    }

    /// `is_secret`: the element is what a statement with a secret name sets.
    fn hide(&mut self, element: &mut Element, is_secret: bool) {
        let sets_secret =
            NAMED.contains(&element.name.as_str()) && element.get("name").is_some_and(names_secret);
        let statement = element.name.clone();
        for attribute in &mut element.attributes {
            let name = attribute.name.as_str();
            let holds = ATTRIBUTES.contains(&name)
                || OF_STATEMENT.contains(&(statement.as_str(), name))
                || (sets_secret && name == "value");
            if holds {
                self.replace(&mut attribute.value);
            }
        }
        let is_key = KEYS.contains(&statement.as_str());
        for child in &mut element.children {
            match child {
                Node::Element(child) => {
                    let is_value = sets_secret && child.name == "value";
                    self.hide(child, is_value);
                }
                Node::Text(text) if is_secret || is_key => self.replace(text),
                Node::Text(text) if statement == "set-body" && holds_secret(text) => {
                    self.replace(text);
                }
                Node::Text(_) | Node::Comment(_) => {}
            }
        }
    }

    fn replace(&mut self, value: &mut Value) {
        let is_harmless = value.as_text().is_none_or(|text| {
            let text = text.trim();
            let is_reference = text.starts_with("{{") && text.ends_with("}}");
            text.is_empty() || is_reference || text.starts_with("@(") || text.starts_with("@{")
        });
        if is_harmless {
            return;
        }
        let at = self.met.iter().position(|met| met == value);
        let at = at.unwrap_or_else(|| {
            self.met.push(value.clone());
            self.met.len() - 1
        });
        let key = match at {
            0 => "secret".to_owned(),
            at => format!("secret {}", at + 1),
        };
        *value = Value::hole(key);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Form, diff};
    use super::*;

    fn document(statements: &str) -> Document {
        let text = format!("<policies><inbound>{statements}</inbound></policies>");
        Document::read(&text, Form::Raw).unwrap()
    }

    fn shown(before: &str, after: &str) -> String {
        format!("{:?}", diff(&document(before), &document(after)))
    }

    #[test]
    fn what_a_statement_signs_in_with_is_not_shown() {
        for secret in [
            r#"<authentication-basic username="u" password="hunter2" />"#,
            r#"<authentication-certificate body="hunter2" />"#,
            r#"<set-header name="Authorization"><value>Basic hunter2</value></set-header>"#,
            r#"<set-header name="x-functions-key"><value>hunter2</value></set-header>"#,
            r#"<set-query-parameter name="code"><value>hunter2</value></set-query-parameter>"#,
            r#"<set-variable name="apiKey" value="hunter2" />"#,
            "<set-body>grant_type=client_credentials&amp;client_secret=hunter2</set-body>",
            r#"<set-body>{ "user": "u", "password" : "hunter2" }</set-body>"#,
            "<validate-jwt><issuer-signing-keys><key>hunter2</key></issuer-signing-keys></validate-jwt>",
        ] {
            for (before, after) in [(secret, ""), ("", secret)] {
                let said = shown(before, after);
                assert!(
                    said.contains("⟨secret⟩") && !said.contains("hunter2"),
                    "{said}"
                );
            }
            let other = secret.replace("hunter2", "hunter3");
            let said = shown(secret, &other);
            assert!(
                said.contains("⟨secret 2⟩") && !said.contains("hunter"),
                "{said}"
            );
            assert_eq!(diff(&document(secret), &document(secret)), []);
        }
    }

    #[test]
    fn names_are_told_apart_by_their_words() {
        for secret in [
            "Authorization",
            "Proxy-Authorization",
            "Set-Cookie",
            "x-functions-key",
            "Ocp-Apim-Subscription-Key",
            "X-API-Key",
            "APIKey",
            "apikey",
            "myApiKey2",
            "X-APIKey",
            "APIKEY",
            "signingkey",
            "my_api_key2",
            "code",
            "X-Code",
            "authCode",
            "function_code",
            "hostcode",
            "access_token",
            "sessionToken",
            "idtoken",
            "sig",
            "sv.sig",
            "ClientSecret",
            "dbPassword",
            "storage-connection-string",
            "connectionString",
        ] {
            assert!(names_secret(secret), "{secret}");
        }
        for plain in [
            "X-Country-Code",
            "statusCode",
            "postalCode",
            "postal_code",
            "encoded",
            "zipcode",
            "Content-Encoding",
            "X-Monkey",
            "keyboard",
            "X-Tokenizer",
            "design",
            "signal",
            "X-Signal",
            "X-Signed-In",
            "secretary",
            "pinned",
            "connection",
            "",
        ] {
            assert!(!names_secret(plain), "{plain}");
        }
    }

    #[test]
    fn references_expressions_and_plain_values_are_shown() {
        for plain in [
            r#"<authentication-basic username="u" password="{{shown}}" />"#,
            r#"<set-header name="Authorization"><value>@(shown)</value></set-header>"#,
            r#"<set-header name="x-trace"><value>shown</value></set-header>"#,
            r#"<set-header name="X-Country-Code"><value>shown</value></set-header>"#,
            r#"<set-body>{ "country": "shown", "at": "12:30" }</set-body>"#,
        ] {
            let said = shown(plain, "");
            assert!(
                said.contains("shown") && !said.contains("⟨secret"),
                "{said}"
            );
        }
    }
}
