//! `$filter`: parsing and evaluating the part of `OData` that directories understand.
//!
//! Comparisons of strings ignore case, as in the directory. What a directory answers only as an "advanced query"
//! (`ne`, `not`, `endswith`) says so through [`Filter::is_advanced`].

use serde_json::Value;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Compare {
        path: Vec<String>,
        operator: Operator,
        value: Value,
    },
    In {
        path: Vec<String>,
        values: Vec<Value>,
    },
    Text {
        test: TextTest,
        path: Vec<String>,
        text: String,
    },
    /// `path/any(variable: inner)`; without inner: not empty.
    Any {
        path: Vec<String>,
        variable: String,
        inner: Option<Box<Filter>>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    Ne,
    Ge,
    Le,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextTest {
    StartsWith,
    EndsWith,
}

impl Filter {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let tokens = tokens(text)?;
        let mut parser = Parser {
            tokens: &tokens,
            at: 0,
        };
        let filter = parser.either()?;
        match parser.peek() {
            None => Ok(filter),
            Some(token) => Err(format!("unexpected {token:?}")),
        }
    }

    /// Needs `ConsistencyLevel: eventual`.
    pub(super) fn is_advanced(&self) -> bool {
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                left.is_advanced() || right.is_advanced()
            }
            Self::Not(_) => true,
            Self::Compare { operator, .. } => *operator == Operator::Ne,
            Self::Text { test, .. } => *test == TextTest::EndsWith,
            Self::In { .. } => false,
            Self::Any { inner, .. } => inner.as_ref().is_none_or(|inner| inner.is_advanced()),
        }
    }

    /// Names of the entity's own properties that are asked for (variables of lambdas aside).
    pub(super) fn properties(&self) -> Vec<&str> {
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                let mut names = left.properties();
                names.extend(right.properties());
                names
            }
            Self::Not(inner) => inner.properties(),
            Self::Compare { path, .. }
            | Self::In { path, .. }
            | Self::Text { path, .. }
            | Self::Any { path, .. } => path.first().map(String::as_str).into_iter().collect(),
        }
    }

    pub(super) fn holds(&self, entity: &Value) -> bool {
        self.test(&Scope {
            entity,
            bound: None,
        })
    }

    fn test(&self, scope: &Scope) -> bool {
        match self {
            Self::And(left, right) => left.test(scope) && right.test(scope),
            Self::Or(left, right) => left.test(scope) || right.test(scope),
            Self::Not(inner) => !inner.test(scope),
            Self::Compare {
                path,
                operator,
                value,
            } => compare(scope.value(path), *operator, value),
            Self::In { path, values } => values
                .iter()
                .any(|value| compare(scope.value(path), Operator::Eq, value)),
            Self::Text { test, path, text } => {
                let value = scope.value(path).as_str().unwrap_or("").to_lowercase();
                match test {
                    TextTest::StartsWith => value.starts_with(&text.to_lowercase()),
                    TextTest::EndsWith => value.ends_with(&text.to_lowercase()),
                }
            }
            Self::Any {
                path,
                variable,
                inner,
            } => scope
                .value(path)
                .as_array()
                .is_some_and(|items| any(items, variable, inner.as_deref(), scope.entity)),
        }
    }
}

fn any(items: &[Value], variable: &str, inner: Option<&Filter>, entity: &Value) -> bool {
    let Some(inner) = inner else {
        return !items.is_empty();
    };
    items.iter().any(|item| {
        inner.test(&Scope {
            entity,
            bound: Some((variable, item)),
        })
    })
}

fn compare(left: &Value, operator: Operator, right: &Value) -> bool {
    let equal = match (left, right) {
        (Value::String(left), Value::String(right)) => left.eq_ignore_ascii_case(right),
        _ => left == right,
    };
    match operator {
        Operator::Eq => equal,
        Operator::Ne => !equal,
        Operator::Ge => equal || is_ordered(right, left),
        Operator::Le => equal || is_ordered(left, right),
    }
}

fn is_ordered(lower: &Value, higher: &Value) -> bool {
    match (lower, higher) {
        (Value::String(lower), Value::String(higher)) => {
            lower.to_lowercase() < higher.to_lowercase()
        }
        (Value::Number(lower), Value::Number(higher)) => lower.as_f64() < higher.as_f64(),
        _ => false,
    }
}

struct Scope<'a> {
    entity: &'a Value,
    bound: Option<(&'a str, &'a Value)>,
}

impl<'a> Scope<'a> {
    fn value(&self, path: &[String]) -> &'a Value {
        let (root, rest) = match (self.bound, path.split_first()) {
            (Some((variable, item)), Some((first, rest))) if first == variable => (item, rest),
            _ => (self.entity, path),
        };
        rest.iter().fold(root, |value, name| &value[name.as_str()])
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A path or a keyword.
    Word(String),
    Literal(Value),
    Open,
    Close,
    Comma,
    Colon,
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            ':' => (Token::Colon, 1),
            '\'' => quoted(rest)?,
            _ => word(rest)?,
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// `'it''s'`
fn quoted(text: &str) -> Result<(Token, usize), String> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, char)) = chars.next() {
        if char != '\'' {
            value.push(char);
        } else if chars.next_if(|(_, next)| *next == '\'').is_some() {
            value.push('\'');
        } else {
            return Ok((Token::Literal(Value::String(value)), at + 1));
        }
    }
    Err("unterminated string literal".to_owned())
}

fn word(text: &str) -> Result<(Token, usize), String> {
    let length = text
        .find(|char: char| char.is_whitespace() || "(),:'".contains(char))
        .unwrap_or(text.len());
    if length == 0 {
        return Err("syntax error".to_owned());
    }
    let word = &text[..length];
    let token = match word {
        "true" | "false" | "null" => {
            Token::Literal(serde_json::from_str(word).unwrap_or(Value::Null))
        }
        _ => match word.parse::<i64>() {
            Ok(number) => Token::Literal(number.into()),
            Err(_) => Token::Word(word.to_owned()),
        },
    };
    Ok((token, length))
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Result<&'a Token, String> {
        let token = self.peek().ok_or("unexpected end of the expression")?;
        self.at += 1;
        Ok(token)
    }

    fn takes(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn takes_word(&mut self, word: &str) -> bool {
        self.takes(&Token::Word(word.to_owned()))
    }

    fn expect(&mut self, token: &Token) -> Result<(), String> {
        if self.takes(token) {
            Ok(())
        } else {
            Err(format!("expected {token:?}, found {:?}", self.peek()))
        }
    }

    fn either(&mut self) -> Result<Filter, String> {
        let mut left = self.both()?;
        while self.takes_word("or") {
            left = Filter::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Filter, String> {
        let mut left = self.single()?;
        while self.takes_word("and") {
            left = Filter::And(Box::new(left), Box::new(self.single()?));
        }
        Ok(left)
    }

    fn single(&mut self) -> Result<Filter, String> {
        if self.takes_word("not") {
            return Ok(Filter::Not(Box::new(self.single()?)));
        }
        if self.takes(&Token::Open) {
            let inner = self.either()?;
            self.expect(&Token::Close)?;
            return Ok(inner);
        }
        match self.next()? {
            Token::Word(word) => self.after_word(word),
            token => Err(format!("unexpected {token:?}")),
        }
    }

    fn after_word(&mut self, word: &str) -> Result<Filter, String> {
        if let Some(collection) = word.strip_suffix("/any") {
            return self.lambda(path(collection));
        }
        let test = match word.to_ascii_lowercase().as_str() {
            "startswith" => Some(TextTest::StartsWith),
            "endswith" => Some(TextTest::EndsWith),
            _ => None,
        };
        match test {
            Some(test) if self.takes(&Token::Open) => self.text_test(test),
            _ => self.comparison(path(word)),
        }
    }

    fn lambda(&mut self, path: Vec<String>) -> Result<Filter, String> {
        self.expect(&Token::Open)?;
        if self.takes(&Token::Close) {
            return Ok(Filter::Any {
                path,
                variable: String::new(),
                inner: None,
            });
        }
        let variable = self.word()?;
        self.expect(&Token::Colon)?;
        let inner = self.either()?;
        self.expect(&Token::Close)?;
        Ok(Filter::Any {
            path,
            variable,
            inner: Some(Box::new(inner)),
        })
    }

    fn text_test(&mut self, test: TextTest) -> Result<Filter, String> {
        let path = path(&self.word()?);
        self.expect(&Token::Comma)?;
        let Value::String(text) = self.literal()? else {
            return Err("a string literal is needed here".to_owned());
        };
        self.expect(&Token::Close)?;
        Ok(Filter::Text { test, path, text })
    }

    fn comparison(&mut self, path: Vec<String>) -> Result<Filter, String> {
        let operator = match self.word()?.as_str() {
            "eq" => Operator::Eq,
            "ne" => Operator::Ne,
            "ge" => Operator::Ge,
            "le" => Operator::Le,
            "in" => {
                return Ok(Filter::In {
                    path,
                    values: self.values()?,
                });
            }
            other => return Err(format!("unknown operator '{other}'")),
        };
        Ok(Filter::Compare {
            path,
            operator,
            value: self.literal()?,
        })
    }

    fn values(&mut self) -> Result<Vec<Value>, String> {
        self.expect(&Token::Open)?;
        let mut values = vec![self.literal()?];
        while self.takes(&Token::Comma) {
            values.push(self.literal()?);
        }
        self.expect(&Token::Close)?;
        Ok(values)
    }

    fn word(&mut self) -> Result<String, String> {
        match self.next()? {
            Token::Word(word) => Ok(word.clone()),
            token => Err(format!("expected a name, found {token:?}")),
        }
    }

    fn literal(&mut self) -> Result<Value, String> {
        match self.next()? {
            Token::Literal(value) => Ok(value.clone()),
            token => Err(format!("expected a literal, found {token:?}")),
        }
    }
}

fn path(text: &str) -> Vec<String> {
    text.split('/').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(filter: &str, entity: &Value) -> bool {
        Filter::parse(filter).unwrap().holds(entity)
    }

    #[test]
    fn identities_match_only_when_one_identity_has_both_values() {
        let user = json!({ "identities": [
            { "issuer": "a.onmicrosoft.com", "issuerAssignedId": "x@example.com" },
            { "issuer": "b.onmicrosoft.com", "issuerAssignedId": "y@example.com" },
        ]});
        let ask = |id: &str, issuer: &str| {
            format!("identities/any(c:c/issuerAssignedId eq '{id}' and c/issuer eq '{issuer}')")
        };
        assert!(holds(&ask("X@example.com", "a.onmicrosoft.com"), &user));
        assert!(!holds(&ask("x@example.com", "b.onmicrosoft.com"), &user));
    }

    #[test]
    fn lambdas_over_plain_strings_bind_the_element_itself() {
        let app = json!({ "tags": ["secgw:orders/api"], "identifierUris": ["api://1"] });
        assert!(holds("tags/any(t:t eq 'secgw:orders/api')", &app));
        assert!(holds(
            "identifierUris/any(u: u eq 'api://1') and tags/any()",
            &app
        ));
        assert!(holds("tags/any(t:startswith(t, 'secgw:'))", &app));
        assert!(!holds("tags/any(t:t eq 'secgw')", &app));
    }

    #[test]
    fn and_binds_tighter_than_or_and_parentheses_tighter_than_both() {
        let entity = json!({ "a": "1", "b": "2", "c": "3" });
        assert!(holds("a eq '1' or b eq '0' and c eq '0'", &entity));
        assert!(!holds("(a eq '1' or b eq '0') and c eq '0'", &entity));
    }

    #[test]
    fn quotes_in_literals_are_doubled() {
        assert!(holds("n eq 'it''s'", &json!({ "n": "it's" })));
    }

    #[test]
    fn null_and_lists_of_values_compare() {
        let entity = json!({ "a": null, "b": "x" });
        assert!(holds("a eq null and b in ('w', 'x')", &entity));
        assert!(!holds("b in ('w')", &entity));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in [
            "",
            "a",
            "a eq",
            "a eq b",
            "a eq 'x",
            "tags/any(t t eq 'x')",
            "a eq 'x')",
        ] {
            assert!(Filter::parse(text).is_err(), "{text}");
        }
    }
}
