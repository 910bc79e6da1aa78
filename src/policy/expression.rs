//! Where a policy expression, `@(…)` or `@{…}`, begins and ends, and whether it is lexically C#.
//!
//! In `rawxml` nothing is escaped inside an expression, so only C#'s own lexical rules tell which quote, `<` or
//! bracket belongs to it: strings (plain, verbatim, interpolated, with holes that hold strings again), character
//! literals, comments and balanced brackets. An expression ends at the bracket that closes its first one, whatever
//! follows: what `write` puts down therefore reads back the same, wherever it stands.
//! `read` finds the extent of expressions with this, `write` and `lint` check values with it.

use std::ops::Range;

/// Deeper nesting than anybody writes; bounds the recursion.
const DEEPEST: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the bracket is never closed")]
    Unclosed,
    #[error("`{0}` closes nothing that is open here")]
    Unopened(char),
    #[error("the string is never closed")]
    UnclosedString,
    #[error("the character literal is not one character")]
    Character,
    #[error("the comment is never closed")]
    UnclosedComment,
    #[error("the brackets are nested too deeply")]
    TooDeep,
    #[error("the expression is empty")]
    Empty,
    #[error("expressions are not escaped in rawxml: write the character itself, not its entity")]
    Escaped,
}

/// What is wrong with an expression, and at which byte of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    pub offset: usize,
    pub fault: Fault,
}

pub fn starts(text: &str) -> bool {
    text.starts_with("@(") || text.starts_with("@{")
}

/// The length in bytes of the expression that `text` starts with.
pub fn length(text: &str) -> Result<usize, Malformed> {
    lex(text).map(|lexed| lexed.at)
}

/// The expressions inside a value, in order. A `@(` that does not lead to a well-formed one is plain text.
pub fn spans(value: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut from = 0;
    while let Some(found) = value[from..].find('@') {
        let start = from + found;
        let end = if starts(&value[start..]) {
            length(&value[start..]).ok()
        } else {
            None
        };
        from = start + end.unwrap_or(1);
        if end.is_some() {
            spans.push(start..from);
        }
    }
    spans
}

/// Whether a value that begins like an expression is a well-formed one; other values pass.
pub fn check(value: &str) -> Result<(), Malformed> {
    let indent = value.len() - value.trim_start().len();
    let text = value.trim();
    if !starts(text) {
        return Ok(());
    }
    let at = |offset: usize, fault: Fault| Malformed {
        offset: indent + offset,
        fault,
    };
    let lexed = lex(text).map_err(|malformed| at(malformed.offset, malformed.fault))?;
    if text[2..lexed.at - 1].trim().is_empty() {
        return Err(at(0, Fault::Empty));
    }
    lexed
        .escaped
        .map_or(Ok(()), |offset| Err(at(offset, Fault::Escaped)))
}

fn lex(text: &str) -> Result<Lexer<'_>, Malformed> {
    let mut lexer = Lexer {
        text,
        at: 1,
        depth: 0,
        escaped: None,
    };
    lexer.bracket()?;
    Ok(lexer)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// The first XML entity that stands where C# code is expected.
    escaped: Option<usize>,
}

/// What ends a run of code.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Bracket(char),
    /// A hole of an interpolated string: `}` ends it, and `:` begins a format that is no code.
    Hole,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest().chars().next()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn skip(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn fail<T>(offset: usize, fault: Fault) -> Result<T, Malformed> {
        Err(Malformed { offset, fault })
    }

    /// From an opening bracket to behind its closing one.
    fn bracket(&mut self) -> Result<(), Malformed> {
        let open = self.at;
        let close = match self.next() {
            Some('(') => ')',
            Some('[') => ']',
            _ => '}',
        };
        self.code(open, End::Bracket(close))
    }

    fn code(&mut self, open: usize, end: End) -> Result<(), Malformed> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Self::fail(open, Fault::TooDeep);
        }
        let close = match end {
            End::Bracket(close) => close,
            End::Hole => '}',
        };
        loop {
            let start = self.at;
            match self.next() {
                None => return Self::fail(open, Fault::Unclosed),
                Some(found) if found == close => break,
                Some(':') if end == End::Hole && !self.skip(":") => {
                    self.format(open)?;
                    break;
                }
                Some(found) => self.token(start, found)?,
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn token(&mut self, start: usize, first: char) -> Result<(), Malformed> {
        match first {
            '(' | '[' | '{' => {
                self.at = start;
                self.bracket()
            }
            ')' | ']' | '}' => Self::fail(start, Fault::Unopened(first)),
            '"' => self.string(start),
            '\'' => self.character(start),
            '/' if self.skip("/") => {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                Ok(())
            }
            '/' if self.skip("*") => match self.rest().find("*/") {
                Some(length) => {
                    self.at += length + 2;
                    Ok(())
                }
                None => Self::fail(start, Fault::UnclosedComment),
            },
            '@' if self.skip("\"") => self.verbatim(start),
            '$' if self.skip("\"") => self.interpolated(start, false),
            '$' if self.skip("@\"") => self.interpolated(start, true),
            '@' if self.skip("$\"") => self.interpolated(start, true),
            '&' => {
                self.note_entity(start);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn note_entity(&mut self, start: usize) {
        let entities = ["amp;", "lt;", "gt;", "quot;", "apos;", "#"];
        if self.escaped.is_none()
            && entities
                .iter()
                .any(|entity| self.rest().starts_with(entity))
        {
            self.escaped = Some(start);
        }
    }

    fn string(&mut self, start: usize) -> Result<(), Malformed> {
        loop {
            match self.next() {
                Some('"') => return Ok(()),
                Some('\\') => {
                    self.next();
                }
                None | Some('\n') => return Self::fail(start, Fault::UnclosedString),
                Some(_) => {}
            }
        }
    }

    fn verbatim(&mut self, start: usize) -> Result<(), Malformed> {
        loop {
            match self.next() {
                Some('"') if !self.skip("\"") => return Ok(()),
                None => return Self::fail(start, Fault::UnclosedString),
                Some(_) => {}
            }
        }
    }

    fn interpolated(&mut self, start: usize, verbatim: bool) -> Result<(), Malformed> {
        loop {
            let here = self.at;
            match self.next() {
                Some('"') if verbatim && self.skip("\"") => {}
                Some('"') => return Ok(()),
                Some('\\') if !verbatim => {
                    self.next();
                }
                Some('{') if !self.skip("{") => self.code(here, End::Hole)?,
                Some('\n') if !verbatim => return Self::fail(start, Fault::UnclosedString),
                None => return Self::fail(start, Fault::UnclosedString),
                Some(_) => {}
            }
        }
    }

    /// The format of an interpolation hole, `{when:HH:mm}`, to behind its `}`.
    fn format(&mut self, open: usize) -> Result<(), Malformed> {
        loop {
            match self.next() {
                Some('}') if !self.skip("}") => return Ok(()),
                None | Some('"' | '\n') => return Self::fail(open, Fault::Unclosed),
                Some(_) => {}
            }
        }
    }

    fn character(&mut self, start: usize) -> Result<(), Malformed> {
        let escaped = self.skip("\\");
        self.next();
        let rest = if escaped {
            self.rest().find('\'').filter(|length| *length <= 8)
        } else {
            Some(0)
        };
        self.at += rest.unwrap_or(0);
        if self.skip("'") {
            Ok(())
        } else {
            Self::fail(start, Fault::Character)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) {
        assert_eq!(length(text), Ok(text.len()), "{text}");
    }

    #[test]
    fn an_expression_ends_at_the_bracket_that_closes_its_first_one() {
        assert_eq!(length(r#"@(f("x"))" other=")""#), Ok(9));
        assert_eq!(
            length("@{ if (a) { return b; } return c; }</value>"),
            Ok(35)
        );
    }

    #[test]
    fn brackets_and_quotes_inside_literals_and_comments_do_not_count() {
        whole(r#"@("a)b\")")"#);
        whole(r#"@(@"c:\")"#);
        whole(r#"@(@"say "")"" now")"#);
        whole(r"@(x == ')' || y == '\'' || z == '\u0029' || q == '(')");
        whole("@{ // don't ) }\n return 1; /* \" } */ }");
        whole(r#"@(x < 5 && y > 3 ? As<Dictionary<string, int[]>>("<)") : default(T))"#);
    }

    #[test]
    fn interpolated_strings_hold_code_that_holds_strings() {
        whole(r#"@($"a{d["k)"]}b{{)}}")"#);
        whole(r#"@($"{now:yyyy-MM-dd'T'HH:mm}")"#);
        whole(r#"@($@"x""{(a ? "}" : ")")}\")"#);
        whole(r#"@(all.Single(c => c[0] == $"oidc-{(string)v["state"]}")[1])"#);
        whole(r#"@($"id={{NamedValue}}&key={Encode("{{Secret)}}")}&end")"#);
        whole(r#"@(@$"{global::System.Math.Max(a, b),10:F2}")"#);
    }

    #[test]
    fn what_is_not_closed_is_found_where_it_opens() {
        let fault = |text: &str| length(text).unwrap_err();
        assert_eq!(
            fault("@(a[1)"),
            Malformed {
                offset: 5,
                fault: Fault::Unopened(')')
            }
        );
        assert_eq!(
            fault("@(f(a)"),
            Malformed {
                offset: 1,
                fault: Fault::Unclosed
            }
        );
        assert_eq!(
            fault("@(\"a\n\")"),
            Malformed {
                offset: 2,
                fault: Fault::UnclosedString
            }
        );
        assert_eq!(
            fault("@{ /* }"),
            Malformed {
                offset: 3,
                fault: Fault::UnclosedComment
            }
        );
        assert_eq!(
            fault("@('ab')"),
            Malformed {
                offset: 2,
                fault: Fault::Character
            }
        );
        assert_eq!(
            fault("@( // )"),
            Malformed {
                offset: 1,
                fault: Fault::Unclosed
            }
        );
        assert_eq!(
            fault(&format!("@{}", "(".repeat(300))).fault,
            Fault::TooDeep
        );
    }

    #[test]
    fn spans_are_the_well_formed_expressions_of_a_value() {
        assert_eq!(spans("a@b.c @(x) @{y} @(z"), vec![6..10, 11..15]);
    }

    #[test]
    fn a_value_is_checked_as_an_expression_only_when_it_begins_like_one() {
        assert_eq!(check("me@(home"), Ok(()));
        assert_eq!(
            check(" @( )"),
            Err(Malformed {
                offset: 1,
                fault: Fault::Empty
            })
        );
        assert_eq!(
            check("@(a &amp;&amp; b)"),
            Err(Malformed {
                offset: 4,
                fault: Fault::Escaped
            })
        );
        assert_eq!(check(r#"@(a.Replace("&", "&amp;"))"#), Ok(()));
    }
}
