//! Writes a tree as a policy document, in both forms, with holes left open.
//!
//! What is written reads back as the same tree. In `rawxml` expressions go out as they are, and everything around
//! them is escaped, also an `@` that would begin an expression the value does not have; so the reader meets an
//! expression exactly where there is one, and it ends where it ended before (see `expression`).
//! Elements are indented with tabs, as API Management does; an element with text is written without
//! any added white space, because there white space would be text.

use std::ops::Range;

use super::expression;
use super::read::Form;
use super::tree::{Element, Node, Piece, Value};

/// A stretch of a written document: text, or the key of a hole that somebody fills later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Text(String),
    Hole(String),
}

pub(super) fn write(
    leading: &[String],
    root: &Element,
    trailing: &[String],
    form: Form,
) -> Vec<Part> {
    let mut writer = Writer {
        form,
        parts: Vec::new(),
        text: String::new(),
    };
    for comment in leading {
        writer.comment(comment);
        writer.text.push('\n');
    }
    writer.element(root, Some(0));
    for comment in trailing {
        writer.text.push('\n');
        writer.comment(comment);
    }
    writer.flush();
    writer.parts
}

/// For people: holes are shown as `⟨key⟩`, which no filling can spell.
pub(super) fn shown(parts: Vec<Part>) -> String {
    parts.into_iter().fold(String::new(), |mut text, part| {
        match part {
            Part::Text(part) => text.push_str(&part),
            Part::Hole(key) => text.extend(["⟨", &key, "⟩"]),
        }
        text
    })
}

/// Stands for a hole while expressions are looked for; what fills a hole never changes the lexing (`filling`).
const PLACEHOLDER: char = '\u{fffc}';

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Attribute,
    Text,
}

struct Writer {
    form: Form,
    parts: Vec<Part>,
    text: String,
}

impl Writer {
    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.parts.push(Part::Text(std::mem::take(&mut self.text)));
        }
    }

    fn comment(&mut self, comment: &str) {
        self.text.extend(["<!--", comment, "-->"]);
    }

    /// `depth` is none inside text, where nothing may be added.
    fn element(&mut self, element: &Element, depth: Option<usize>) {
        self.text.extend(["<", &element.name]);
        for attribute in &element.attributes {
            self.text.extend([" ", &attribute.name, "=\""]);
            self.value(&attribute.value, Place::Attribute);
            self.text.push('"');
        }
        if element.children.is_empty() {
            self.text.push_str(" />");
            return;
        }
        self.text.push('>');
        let inner = if element.texts().next().is_some() {
            None
        } else {
            depth.map(|depth| depth + 1)
        };
        for child in &element.children {
            self.indent(inner);
            match child {
                Node::Element(child) => self.element(child, inner),
                Node::Text(text) => self.value(text, Place::Text),
                Node::Comment(comment) => self.comment(comment),
            }
        }
        self.indent(inner.and(depth));
        self.text.extend(["</", &element.name, ">"]);
    }

    fn indent(&mut self, depth: Option<usize>) {
        if let Some(depth) = depth {
            self.text.push('\n');
            self.text.extend(std::iter::repeat_n('\t', depth));
        }
    }

    fn value(&mut self, value: &Value, place: Place) {
        let flat: String = value
            .pieces()
            .iter()
            .fold(String::new(), |mut flat, piece| {
                match piece {
                    Piece::Text(text) => flat.push_str(text),
                    Piece::Hole(_) => flat.push(PLACEHOLDER),
                }
                flat
            });
        let spans = match self.form {
            Form::Raw => expression::spans(&flat),
            Form::Escaped => Vec::new(),
        };
        let blank = place == Place::Text && flat.trim().is_empty();
        let mut at = 0;
        for piece in value.pieces() {
            match piece {
                Piece::Hole(key) => {
                    self.flush();
                    self.parts.push(Part::Hole(key.clone()));
                    at += PLACEHOLDER.len_utf8();
                }
                Piece::Text(text) if blank => self.blank(text),
                Piece::Text(text) => {
                    self.literal(text, at, &spans, place);
                    at += text.len();
                }
            }
        }
    }

    /// Text of white space alone: spelled out, or readers take it for formatting.
    fn blank(&mut self, text: &str) {
        for c in text.chars() {
            self.text.extend(["&#", &u32::from(c).to_string(), ";"]);
        }
    }

    fn literal(&mut self, text: &str, start: usize, spans: &[Range<usize>], place: Place) {
        for (offset, c) in text.char_indices() {
            let at = start + offset;
            if spans.iter().any(|span| span.contains(&at)) {
                self.text.push(c);
            } else {
                self.escaped(c, &text[offset..], place);
            }
        }
    }

    fn escaped(&mut self, c: char, rest: &str, place: Place) {
        match (c, place) {
            ('&', _) => self.text.push_str("&amp;"),
            ('<', _) => self.text.push_str("&lt;"),
            ('>', _) => self.text.push_str("&gt;"),
            ('"', Place::Attribute) => self.text.push_str("&quot;"),
            ('\n', Place::Attribute) => self.text.push_str("&#xA;"),
            ('\t', Place::Attribute) => self.text.push_str("&#x9;"),
            ('@', _) if self.form == Form::Raw && expression::starts(rest) => {
                self.text.push_str("&#64;");
            }
            _ => self.text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::read;
    use super::*;

    fn text(root: &Element, form: Form) -> String {
        shown(write(&[], root, &[], form))
    }

    #[test]
    fn expressions_are_raw_in_rawxml_and_escaped_in_xml() {
        let element = Element::new("a")
            .with("k", "@(\"x\" +\n y)")
            .text("@(a < b && c) & d");
        assert_eq!(
            text(&element, Form::Raw),
            "<a k=\"@(\"x\" +\n y)\">@(a < b && c) &amp; d</a>"
        );
        assert_eq!(
            text(&element, Form::Escaped),
            "<a k=\"@(&quot;x&quot; +&#xA; y)\">@(a &lt; b &amp;&amp; c) &amp; d</a>"
        );
    }

    #[test]
    fn an_at_sign_that_begins_no_expression_cannot_be_taken_for_one() {
        let element = Element::new("a").with("k", "x@(").with("l", ")").text("@{");
        let written = text(&element, Form::Raw);
        assert_eq!(written, "<a k=\"x&#64;(\" l=\")\">&#64;{</a>");
        assert_eq!(
            read(&written, Form::Raw).ok().map(|contents| contents.root),
            Some(element)
        );
    }

    #[test]
    fn text_gets_no_white_space_that_it_did_not_have() {
        let mixed = Element::new("a").child(
            Element::new("b")
                .text(" x ")
                .child(Element::new("c"))
                .text("\n"),
        );
        assert_eq!(text(&mixed, Form::Raw), "<a>\n\t<b> x <c />&#10;</b>\n</a>");
    }

    #[test]
    fn holes_stand_between_the_texts_around_them() {
        let value = Value::from("@(x == \"")
            .then(Value::hole("id"))
            .then("\" && y)");
        let parts = write(&[], &Element::new("a").with("k", value), &[], Form::Raw);
        let expected = [
            Part::Text("<a k=\"@(x == \"".into()),
            Part::Hole("id".into()),
            Part::Text("\" && y)\" />".into()),
        ];
        assert_eq!(parts, expected);
    }
}
