//! A policy document: its sections, and its way from and to text.
//!
//! `Document::read` and `Document::write` are inverse to each other (property-tested in `tests/it/policy.rs`).
//! A document secgw composes may have holes, parts that are known only once other resources exist;
//! `to_parts` hands them to whoever binds them, and `check_filling` says what may be put in.

use super::read::{Form, ReadError, read};
use super::tree::{Element, Node, Piece, Value};
use super::write::{Part, shown, write};

/// One policy document. The root is `<policies>`, or `<fragment>` for a policy fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Comments before the root.
    pub leading: Vec<String>,
    pub root: Element,
    /// Comments behind the root.
    pub trailing: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    Inbound,
    Backend,
    Outbound,
    OnError,
}

impl Section {
    /// In the order a document has them.
    pub const ALL: [Self; 4] = [Self::Inbound, Self::Backend, Self::Outbound, Self::OnError];

    pub fn name(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Backend => "backend",
            Self::Outbound => "outbound",
            Self::OnError => "on-error",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.name() == name)
    }
}

impl Document {
    /// `<policies>` with all four sections, in order.
    pub fn of_sections(statements: impl Fn(Section) -> Vec<Element>) -> Self {
        let sections =
            Section::ALL.map(|section| Element::new(section.name()).children(statements(section)));
        Self {
            leading: Vec::new(),
            root: Element::new("policies").children(sections),
            trailing: Vec::new(),
        }
    }

    pub fn read(text: &str, form: Form) -> Result<Self, ReadError> {
        let contents = read(text, form)?;
        Ok(Self {
            leading: contents.leading,
            root: contents.root,
            trailing: contents.trailing,
        })
    }

    /// A document whose form is not known, with the one it can be read in.
    pub fn read_any(text: &str) -> Option<(Form, Self)> {
        let forms = [Form::Raw, Form::Escaped].into_iter();
        let mut read = forms.filter_map(|form| Some((form, Self::read(text, form).ok()?)));
        read.next()
    }

    pub fn section(&self, section: Section) -> Option<&Element> {
        self.root.element(section.name())
    }

    /// What is sent, as `rawxml`, with the holes between the texts.
    pub fn to_parts(&self) -> Vec<Part> {
        write(&self.leading, &self.root, &self.trailing, Form::Raw)
    }

    /// The text; holes, if any, are shown as `⟨key⟩`.
    pub fn write(&self, form: Form) -> String {
        shown(write(&self.leading, &self.root, &self.trailing, form))
    }

    /// The document with its holes filled; a hole that `known` does not know stays open.
    pub fn fill(&self, known: &impl Fn(&str) -> Option<String>) -> Result<Self, BadFilling> {
        let mut filled = self.clone();
        fill_element(&mut filled.root, known)?;
        Ok(filled)
    }
}

fn fill_element(
    element: &mut Element,
    known: &impl Fn(&str) -> Option<String>,
) -> Result<(), BadFilling> {
    for attribute in &mut element.attributes {
        attribute.value = fill_value(&attribute.value, known)?;
    }
    for child in &mut element.children {
        match child {
            Node::Element(child) => fill_element(child, known)?,
            Node::Text(text) => *text = fill_value(text, known)?,
            Node::Comment(_) => {}
        }
    }
    Ok(())
}

fn fill_value(value: &Value, known: &impl Fn(&str) -> Option<String>) -> Result<Value, BadFilling> {
    let mut filled = Value::default();
    for piece in value.pieces() {
        filled = match piece {
            Piece::Text(text) => filled.then(text.as_str()),
            Piece::Hole(key) => match known(key) {
                Some(text) => {
                    check_filling(&text)?;
                    filled.then(text)
                }
                None => filled.then(Value::hole(key.as_str())),
            },
        };
    }
    Ok(filled)
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFilling {
    #[error("`{0}` may not be put into a policy: only letters, digits and -._~:/?=%,+ may")]
    Character(char),
    #[error("an empty value may not be put into a policy")]
    Empty,
}

/// Whether a late value may fill a hole. GUIDs, host names and URLs may; what XML, C# or named values (`{{…}}`) could
/// read as their own may not. So a filling needs no escaping, in an attribute, in text or in a C# string, and cannot
/// change where an expression ends. A URL with `&` is refused rather than escaped: its hole may be in a C# string.
pub fn check_filling(text: &str) -> Result<(), BadFilling> {
    if text.is_empty() {
        return Err(BadFilling::Empty);
    }
    let safe = |c: char| c.is_ascii_alphanumeric() || "-._~:/?=%,+".contains(c);
    text.chars()
        .find(|c| !safe(*c))
        .map_or(Ok(()), |c| Err(BadFilling::Character(c)))
}

/// Whether a value of another resource may stand in a policy: text that [`check_filling`] lets in.
pub fn may_fill(value: &serde_json::Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| check_filling(text).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_where_they_are_known() {
        let root = Element::new("a")
            .with("k", Value::from("x").then(Value::hole("id")))
            .text(Value::hole("later"));
        let document = Document {
            leading: Vec::new(),
            root,
            trailing: Vec::new(),
        };
        let known = |key: &str| (key == "id").then(|| "0000-1".to_owned());
        assert_eq!(
            document.fill(&known).unwrap().write(Form::Raw),
            "<a k=\"x0000-1\">⟨later⟩</a>"
        );
    }

    #[test]
    fn fillings_that_could_change_the_document_are_refused() {
        assert_eq!(
            check_filling("https://t.b2clogin.com/t/B2C_1_x/v2.0/?p=1"),
            Ok(())
        );
        for bad in [
            "a\"b", "a&b", "<a", "{{x}}", "a b", "a\\", "@(x)", "a\n", "⟨id⟩",
        ] {
            assert!(
                matches!(check_filling(bad), Err(BadFilling::Character(_))),
                "{bad}"
            );
        }
        assert_eq!(check_filling(""), Err(BadFilling::Empty));
    }
}
