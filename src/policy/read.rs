//! Reads policy documents, in both forms API Management speaks.
//!
//! `xml` is XML. `rawxml` is XML in which expressions stand as they are, with raw `<`, `&` and double quotes even
//! inside a double-quoted attribute, so no XML parser can read it, and a prescan would have to find attributes and
//! texts just as a parser does. Hence one small descent over the text, with the two differences of `rawxml` in one
//! place (`Reader::expression`): `@(` or `@{` in a value starts an expression, which runs as far as C# says, and
//! nothing in it is decoded. Evidence that it is not: escaping an expression by hand makes a `rawxml` policy invalid
//! (hashicorp/terraform-provider-azurerm#5426).
//!
//! As XML and API Management have it (it re-indents with CRLF and tabs and keeps text as it is,
//! `recordings/dev/clifork_apim__test_apim_policy.json`): white space alone between tags means nothing, all
//! other text keeps its edges; CRLF is LF; a line end or tab in an attribute outside an expression is a space.

use super::expression;
use super::tree::{Attribute, Element, Node, Position, Value};

/// How a document is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `rawxml`: expressions as they are.
    Raw,
    /// `xml`: expressions escaped like any text.
    Escaped,
}

impl Form {
    /// From the `format` member beside a policy's `value`: API Management takes and returns `xml` where none is given.
    pub fn of(format: Option<&str>) -> Self {
        match format {
            Some(format) if format.eq_ignore_ascii_case("rawxml") => Self::Raw,
            _ => Self::Escaped,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {fault}")]
pub struct ReadError {
    pub at: Position,
    pub fault: ReadFault,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadFault {
    #[error("expected {0}")]
    Expected(&'static str),
    #[error("`<{0}>` is never closed")]
    Unclosed(String),
    #[error("`</{found}>` does not close `<{open}>`")]
    Crossed { open: String, found: String },
    #[error("the attribute `{0}` is given twice")]
    Duplicate(String),
    #[error("`&` begins no known entity: write `&amp;`")]
    Entity,
    #[error("`<` in an attribute: write `&lt;`")]
    LessThan,
    #[error("the expression is malformed: {0}")]
    Expression(expression::Fault),
    #[error("a policy document holds no declarations or processing instructions")]
    Declaration,
    #[error("text outside the root element")]
    OutsideRoot,
    #[error("elements are nested too deeply")]
    TooDeep,
}

/// What a text holds around and at its one root element.
pub(super) struct Contents {
    pub(super) leading: Vec<String>,
    pub(super) root: Element,
    pub(super) trailing: Vec<String>,
}

/// Deeper nesting than any policy has; bounds the recursion.
const DEEPEST: usize = 200;

pub(super) fn read(text: &str, form: Form) -> Result<Contents, ReadError> {
    let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
    let mut reader = Reader {
        text,
        lines: std::iter::once(0).chain(breaks).collect(),
        at: 0,
        form,
        depth: 0,
    };
    reader.skip("\u{feff}");
    if reader.skip("<?xml") {
        reader.until("?>", "`?>`")?;
    }
    let leading = reader.comments()?;
    let root = reader.element()?;
    let trailing = reader.comments()?;
    if reader.rest().is_empty() {
        Ok(Contents {
            leading,
            root,
            trailing,
        })
    } else {
        reader.fail(ReadFault::OutsideRoot)
    }
}

struct Reader<'a> {
    text: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
    at: usize,
    form: Form,
    depth: usize,
}

/// Text as it is gathered; only what is more than white space in the source counts as text.
#[derive(Default)]
struct Gathered {
    text: String,
    is_text: bool,
}

impl Gathered {
    fn flush(&mut self, children: &mut Vec<Node>) {
        let gathered = std::mem::take(self);
        if gathered.is_text {
            children.push(Node::Text(Value::from(gathered.text)));
        }
    }
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
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

    fn blanks(&mut self) -> bool {
        let rest = self.rest();
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        self.at += blanks;
        blanks > 0
    }

    /// The text up to `end`, and behind it.
    fn until(&mut self, end: &str, expected: &'static str) -> Result<&'a str, ReadError> {
        let rest = self.rest();
        let Some(length) = rest.find(end) else {
            return self.fail(ReadFault::Expected(expected));
        };
        self.at += length + end.len();
        Ok(&rest[..length])
    }

    fn position(&self, at: usize) -> Position {
        let line = self.lines.partition_point(|start| *start <= at);
        let start = self.lines[line - 1];
        let column = self.text[start..at].chars().count() + 1;
        Position {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }

    fn fail<T>(&self, fault: ReadFault) -> Result<T, ReadError> {
        self.fail_at(self.at, fault)
    }

    fn fail_at<T>(&self, at: usize, fault: ReadFault) -> Result<T, ReadError> {
        Err(ReadError {
            at: self.position(at),
            fault,
        })
    }

    /// The comments before or behind the root element.
    fn comments(&mut self) -> Result<Vec<String>, ReadError> {
        let mut comments = Vec::new();
        self.blanks();
        while self.skip("<!--") {
            comments.push(self.comment()?);
            self.blanks();
        }
        Ok(comments)
    }

    fn comment(&mut self) -> Result<String, ReadError> {
        Ok(self
            .until("-->", "`-->`")?
            .replace("\r\n", "\n")
            .replace('\r', "\n"))
    }

    fn name(&mut self) -> Result<&'a str, ReadError> {
        let rest = self.rest();
        let length = rest
            .find(|c: char| !(c.is_alphanumeric() || "_-.:".contains(c)))
            .unwrap_or(rest.len());
        let name = &rest[..length];
        if name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == ':') {
            self.at += length;
            Ok(name)
        } else {
            self.fail(ReadFault::Expected("a name"))
        }
    }

    fn element(&mut self) -> Result<Element, ReadError> {
        let start = self.at;
        if self.rest().starts_with("<!") || self.rest().starts_with("<?") {
            return self.fail(ReadFault::Declaration);
        }
        if !self.skip("<") {
            return self.fail(ReadFault::Expected("an element"));
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.fail_at(start, ReadFault::TooDeep);
        }
        let mut element = Element::new(self.name()?);
        element.at = self.position(start);
        element.attributes = self.attributes()?;
        if !self.skip("/>") {
            if !self.skip(">") {
                return self.fail(ReadFault::Expected("white space, `>` or `/>`"));
            }
            element.children = self.children(start, &element.name)?;
        }
        self.depth -= 1;
        Ok(element)
    }

    fn attributes(&mut self) -> Result<Vec<Attribute>, ReadError> {
        let mut attributes: Vec<Attribute> = Vec::new();
        while self.blanks() && !matches!(self.peek(), Some('/' | '>') | None) {
            let start = self.at;
            let name = self.name()?.to_owned();
            if attributes.iter().any(|before| before.name == name) {
                return self.fail_at(start, ReadFault::Duplicate(name));
            }
            self.blanks();
            if !self.skip("=") {
                return self.fail(ReadFault::Expected("`=`"));
            }
            self.blanks();
            let value = self.quoted()?;
            attributes.push(Attribute {
                name,
                value,
                at: self.position(start),
            });
        }
        Ok(attributes)
    }

    fn quoted(&mut self) -> Result<Value, ReadError> {
        let Some(quote @ ('"' | '\'')) = self.peek() else {
            return self.fail(ReadFault::Expected("a quoted value"));
        };
        let start = self.at;
        self.next();
        let mut value = String::new();
        loop {
            if self.expression(&mut value)? {
                continue;
            }
            match self.peek() {
                None => return self.fail_at(start, ReadFault::Expected("a closing quote")),
                Some('<') => return self.fail(ReadFault::LessThan),
                Some('&') => value.push(self.entity()?),
                Some(next) => {
                    self.next();
                    match next {
                        _ if next == quote => return Ok(Value::from(value)),
                        '\r' if self.peek() == Some('\n') => {}
                        '\r' | '\n' | '\t' => value.push(' '),
                        _ => value.push(next),
                    }
                }
            }
        }
    }

    fn children(&mut self, start: usize, name: &str) -> Result<Vec<Node>, ReadError> {
        let mut children = Vec::new();
        let mut gathered = Gathered::default();
        loop {
            if self.expression(&mut gathered.text)? {
                gathered.is_text = true;
            } else if self.skip("<![CDATA[") {
                gathered.text.push_str(self.until("]]>", "`]]>`")?);
                gathered.is_text = true;
            } else if self.skip("<!--") {
                gathered.flush(&mut children);
                children.push(Node::Comment(self.comment()?));
            } else if self.rest().starts_with("</") {
                gathered.flush(&mut children);
                self.close(name)?;
                return Ok(children);
            } else {
                match self.peek() {
                    None => return self.fail_at(start, ReadFault::Unclosed(name.to_owned())),
                    Some('<') => {
                        gathered.flush(&mut children);
                        children.push(Node::Element(self.element()?));
                    }
                    Some('&') => {
                        gathered.text.push(self.entity()?);
                        gathered.is_text = true;
                    }
                    Some(next) => {
                        self.next();
                        gathered.text.push(next);
                        gathered.is_text |= !matches!(next, ' ' | '\t' | '\r' | '\n');
                    }
                }
            }
        }
    }

    fn close(&mut self, open: &str) -> Result<(), ReadError> {
        let start = self.at;
        self.at += 2;
        let found = self.name()?;
        if found != open {
            return self.fail_at(
                start,
                ReadFault::Crossed {
                    open: open.to_owned(),
                    found: found.to_owned(),
                },
            );
        }
        self.blanks();
        if self.skip(">") {
            Ok(())
        } else {
            self.fail(ReadFault::Expected("`>`"))
        }
    }

    /// Takes an expression of a raw document, if one starts here. Where a value begins like one it must be one; further
    /// on `@(` may also be part of the text, as in a mail address.
    fn expression(&mut self, before: &mut String) -> Result<bool, ReadError> {
        if self.form == Form::Escaped || !expression::starts(self.rest()) {
            return Ok(false);
        }
        match expression::length(self.rest()) {
            Ok(length) => {
                before.push_str(&self.rest()[..length]);
                self.at += length;
                Ok(true)
            }
            Err(malformed) if before.trim().is_empty() => self.fail_at(
                self.at + malformed.offset,
                ReadFault::Expression(malformed.fault),
            ),
            Err(_) => Ok(false),
        }
    }

    fn entity(&mut self) -> Result<char, ReadError> {
        let rest = self.rest();
        let end = rest.bytes().take(12).position(|b| b == b';');
        let decoded = end.and_then(|end| match &rest[1..end] {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            number => character_reference(number),
        });
        let (Some(decoded), Some(end)) = (decoded, end) else {
            return self.fail(ReadFault::Entity);
        };
        self.at += end + 1;
        Ok(decoded)
    }
}

fn character_reference(number: &str) -> Option<char> {
    let number = number.strip_prefix('#')?;
    let code = match number.strip_prefix('x') {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    char::from_u32(code.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(text: &str, form: Form) -> Element {
        read(text, form).map(|contents| contents.root).unwrap()
    }

    fn fault(text: &str) -> (String, ReadFault) {
        let error = read(text, Form::Raw).err().unwrap();
        (error.at.to_string(), error.fault)
    }

    #[test]
    fn raw_quotes_and_angle_brackets_belong_to_the_expression_they_stand_in() {
        let raw =
            r#"<a k="@("ip:" + x.Get<string>("y", ">"))" l='@('"')'>@{ return a < b && c; }</a>"#;
        let element = root(raw, Form::Raw);
        assert_eq!(
            element.get("k"),
            Some(r#"@("ip:" + x.Get<string>("y", ">"))"#)
        );
        assert_eq!(element.get("l"), Some(r#"@('"')"#));
        assert_eq!(
            element.children,
            [Node::Text("@{ return a < b && c; }".into())]
        );
    }

    #[test]
    fn the_escaped_form_of_a_document_reads_as_the_raw_one() {
        let raw = "<a k=\"@{\n return \"x\" + '&';\n}\">@(a < b)</a>";
        let escaped = "<a k=\"@{&#xA; return &quot;x&quot; + '&amp;';&#xA;}\">@(a &lt; b)</a>";
        assert_eq!(root(raw, Form::Raw), root(escaped, Form::Escaped));
    }

    #[test]
    fn entities_inside_a_raw_expression_are_its_own_text() {
        let raw = root(r#"<a>@(x.Replace("&", "&amp;"))</a>"#, Form::Raw);
        assert_eq!(
            raw.children,
            [Node::Text(r#"@(x.Replace("&", "&amp;"))"#.into())]
        );
        assert_eq!(
            root("<a>b &amp; c</a>", Form::Raw),
            root("<a><![CDATA[b & c]]></a>", Form::Escaped)
        );
    }

    #[test]
    fn white_space_counts_only_beside_text() {
        let spread = "<a>\r\n\t<b />\r\n\t<c>\r\n\t x </c>\r\n</a>";
        let expected = Element::new("a")
            .child(Element::new("b"))
            .child(Element::new("c").text("\n\t x "));
        assert_eq!(root(spread, Form::Raw), expected);
        assert_eq!(root("<a k='1\r\n\t2' />", Form::Raw).get("k"), Some("1  2"));
        assert_eq!(
            root("<a>&#32;</a>", Form::Raw).children,
            [Node::Text(" ".into())]
        );
    }

    #[test]
    fn an_at_sign_inside_text_need_not_begin_an_expression() {
        let element = root(
            r#"<a k="me@(home" l="b">mail me@{{domain}} or @you</a>"#,
            Form::Raw,
        );
        assert_eq!(
            (element.get("k"), element.get("l")),
            (Some("me@(home"), Some("b"))
        );
        assert_eq!(
            element.children,
            [Node::Text("mail me@{{domain}} or @you".into())]
        );
    }

    #[test]
    fn comments_are_kept_where_they_stand() {
        let contents = read(
            "<!-- 1 --><a><!-- <b k=\"@(\" --><b /></a><!-- 3 -->",
            Form::Raw,
        )
        .ok()
        .unwrap();
        assert_eq!(
            (contents.leading, contents.trailing),
            (vec![" 1 ".to_owned()], vec![" 3 ".to_owned()])
        );
        assert_eq!(
            contents.root.children[0],
            Node::Comment(" <b k=\"@(\" ".to_owned())
        );
    }

    #[test]
    fn faults_are_found_where_they_stand() {
        let at = |line_column: &str, fault: ReadFault| (line_column.to_owned(), fault);
        assert_eq!(
            fault("<a>\n  <b></c>\n</a>"),
            at(
                "2:6",
                ReadFault::Crossed {
                    open: "b".into(),
                    found: "c".into()
                }
            )
        );
        assert_eq!(
            fault("<a>\n <b>"),
            at("2:2", ReadFault::Unclosed("b".into()))
        );
        assert_eq!(
            fault("<a k='1' k='2' />"),
            at("1:10", ReadFault::Duplicate("k".into()))
        );
        assert_eq!(fault("<a k=\"x\ny&z\" />"), at("2:2", ReadFault::Entity));
        assert_eq!(
            fault("<a k=\"say \"hi\"\" />"),
            at("1:12", ReadFault::Expected("white space, `>` or `/>`"))
        );
        assert_eq!(
            fault("<a>\n<b>@(f(1]</b></a>"),
            at(
                "2:9",
                ReadFault::Expression(expression::Fault::Unopened(']'))
            )
        );
        assert_eq!(fault("<a k='<' />"), at("1:7", ReadFault::LessThan));
        assert_eq!(
            fault("<!DOCTYPE a><a />"),
            at("1:1", ReadFault::Declaration)
        );
        assert_eq!(fault("<a /><b />"), at("1:6", ReadFault::OutsideRoot));
        assert_eq!(fault(&"<a>".repeat(300)).1, ReadFault::TooDeep);
    }
}
