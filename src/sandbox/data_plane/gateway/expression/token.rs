//! C# text into tokens.

/// The names of operators and brackets, longest first: the first that fits is meant.
const SIGNS: &[&str] = &[
    "??", "?.", "?[", "=>", "==", "!=", "<=", ">=", "&&", "||", "+=", "-=", "++", "--", "(", ")",
    "[", "]", "{", "}", "<", ">", "=", "!", "+", "-", "*", "/", "%", "?", ":", ";", ",", ".",
];

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Integer {
        digits: String,
        is_long: bool,
    },
    Real(f64),
    Text(String),
    Character(char),
    /// `$"…"`: text and the source of expressions in turn.
    Interpolated(Vec<Piece>),
    Sign(&'static str),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Source(String),
}

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut reader = Reader { text, at: 0 };
    let mut found = Vec::new();
    loop {
        reader.skip_blanks()?;
        if reader.rest().is_empty() {
            return Ok(found);
        }
        found.push(reader.token()?);
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn eat(&mut self, token: &str) -> bool {
        let is_there = self.rest().starts_with(token);
        if is_there {
            self.at += token.len();
        }
        is_there
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest().chars().next()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn while_it(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|next| !is_part(next)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn skip_blanks(&mut self) -> Result<(), String> {
        loop {
            self.while_it(char::is_whitespace);
            if self.eat("//") {
                self.while_it(|next| next != '\n');
            } else if self.eat("/*") {
                let end = self.rest().find("*/").ok_or("a comment without end")?;
                self.at += end + 2;
            } else {
                return Ok(());
            }
        }
    }

    fn token(&mut self) -> Result<Token, String> {
        if self.eat("$@\"") || self.eat("@$\"") {
            return self.interpolated(true);
        }
        if self.eat("$\"") {
            return self.interpolated(false);
        }
        if self.eat("@\"") {
            return self.verbatim().map(Token::Text);
        }
        if self.eat("\"") {
            return self.quoted('"').map(Token::Text);
        }
        if self.eat("'") {
            let text = self.quoted('\'')?;
            let mut letters = text.chars();
            return match (letters.next(), letters.next()) {
                (Some(letter), None) => Ok(Token::Character(letter)),
                _ => Err(format!("the character '{text}'")),
            };
        }
        match self.rest().chars().next() {
            Some(next) if next.is_ascii_digit() => self.number(),
            Some(next) if next.is_alphabetic() || next == '_' => Ok(Token::Name(
                self.while_it(|next| next.is_alphanumeric() || next == '_')
                    .to_owned(),
            )),
            _ => self.sign(),
        }
    }

    fn sign(&mut self) -> Result<Token, String> {
        let sign = SIGNS.iter().find(|sign| self.rest().starts_with(**sign));
        let Some(sign) = sign else {
            let next: String = self.rest().chars().take(1).collect();
            return Err(format!("the character {next:?} in an expression"));
        };
        self.at += sign.len();
        Ok(Token::Sign(sign))
    }

    fn number(&mut self) -> Result<Token, String> {
        let start = self.at;
        self.while_it(|next| next.is_ascii_digit());
        let is_real = self.rest().starts_with('.')
            && self.rest()[1..].starts_with(|next: char| next.is_ascii_digit());
        if is_real {
            self.at += 1;
            self.while_it(|next| next.is_ascii_digit());
        }
        let digits = &self.text[start..self.at];
        let suffix = self.while_it(char::is_alphanumeric);
        match suffix {
            "" | "d" | "D" if is_real => digits
                .parse()
                .map(Token::Real)
                .map_err(|_| format!("the number {digits}")),
            "" | "L" | "l" if !is_real => Ok(Token::Integer {
                digits: digits.to_owned(),
                is_long: !suffix.is_empty(),
            }),
            suffix => Err(format!("the number {digits}{suffix}")),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let mut text = String::new();
        loop {
            match self.next() {
                Some(next) if next == quote => return Ok(text),
                Some('\\') => text.push(self.escape()?),
                Some('\n') | None => return Err("a string without end".to_owned()),
                Some(next) => text.push(next),
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        match self.next() {
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('0') => Ok('\0'),
            Some(next @ ('\\' | '"' | '\'')) => Ok(next),
            Some('u') => {
                let digits = self.rest().get(..4).unwrap_or_default();
                self.at += digits.len();
                u32::from_str_radix(digits, 16)
                    .ok()
                    .and_then(char::from_u32)
                    .ok_or_else(|| format!("the escape \\u{digits}"))
            }
            other => Err(format!("the escape \\{}", other.unwrap_or(' '))),
        }
    }

    fn verbatim(&mut self) -> Result<String, String> {
        let mut text = String::new();
        loop {
            match self.next() {
                Some('"') if !self.eat("\"") => return Ok(text),
                Some(next) => text.push(next),
                None => return Err("a string without end".to_owned()),
            }
        }
    }

    fn interpolated(&mut self, is_verbatim: bool) -> Result<Token, String> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        loop {
            match self.next() {
                Some('"') if is_verbatim && self.eat("\"") => text.push('"'),
                Some('"') => break,
                Some('{') if self.eat("{") => text.push('{'),
                Some('}') if self.eat("}") => text.push('}'),
                Some('{') => {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                    pieces.push(Piece::Source(self.hole()?));
                }
                Some('\\') if !is_verbatim => text.push(self.escape()?),
                Some('\n') if !is_verbatim => return Err("a string without end".to_owned()),
                Some(next) => text.push(next),
                None => return Err("a string without end".to_owned()),
            }
        }
        pieces.push(Piece::Text(text));
        Ok(Token::Interpolated(pieces))
    }

    /// The source of one `{…}`; brackets and strings in it are its own.
    fn hole(&mut self) -> Result<String, String> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            let before = self.at;
            match self.next() {
                Some('(' | '[' | '{') => depth += 1,
                Some('}') if depth == 0 => return Ok(self.text[start..before].to_owned()),
                Some(')' | ']' | '}') => depth = depth.saturating_sub(1),
                Some(quote @ ('"' | '\'')) => {
                    self.quoted(quote)?;
                }
                Some(_) => {}
                None => return Err("an interpolated string without end".to_owned()),
            }
        }
    }
}
