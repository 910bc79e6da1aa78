//! The tree that every policy document is read into and written from.
//!
//! A tree says what a document means, not how it was spelled: entities are decoded, line ends are LF,
//! `<a></a>` is `<a />`, and white space between elements is gone. `read` and `write` are the two ways
//! to text; `statement` builds trees from nothing.

use std::fmt;

/// Where something stands in the text it was read from; 0:0 for what secgw built itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

#[derive(Clone, Debug, Eq)]
pub struct Element {
    pub name: String,
    pub attributes: Vec<Attribute>,
    pub children: Vec<Node>,
    pub at: Position,
}

#[derive(Clone, Debug, Eq)]
pub struct Attribute {
    pub name: String,
    pub value: Value,
    pub at: Position,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Element(Element),
    Text(Value),
    Comment(String),
}

// Where a thing was read from is no part of what it is.
impl PartialEq for Element {
    fn eq(&self, other: &Self) -> bool {
        let Self {
            name,
            attributes,
            children,
            at: _,
        } = self;
        *name == other.name && *attributes == other.attributes && *children == other.children
    }
}

impl PartialEq for Attribute {
    fn eq(&self, other: &Self) -> bool {
        let Self { name, value, at: _ } = self;
        *name == other.name && *value == other.value
    }
}

/// The text of an attribute or an element; a hole stands for a part that is only known later.
///
/// Line ends are always LF: API Management stores CRLF whatever it was sent
/// (`recordings/dev/aso__Test_ApiManagement_20240501_CRUD.json`), so they cannot mean anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    /// An opaque key; whoever fills it knows what it stands for.
    Hole(String),
}

impl Value {
    pub fn hole(key: impl Into<String>) -> Self {
        Self {
            pieces: vec![Piece::Hole(key.into())],
        }
    }

    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The text, unless a part of it is still unknown.
    pub fn as_text(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// For people: holes are shown as `⟨key⟩`.
    pub fn shown(&self) -> String {
        let mut shown = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => shown.push_str(text),
                Piece::Hole(key) => shown.extend(["⟨", key, "⟩"]),
            }
        }
        shown
    }

    #[must_use]
    pub fn then(mut self, more: impl Into<Self>) -> Self {
        for piece in more.into().pieces {
            match (self.pieces.last_mut(), piece) {
                (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
                (_, piece) => self.pieces.push(piece),
            }
        }
        self
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let pieces = if text.is_empty() {
            Vec::new()
        } else {
            vec![Piece::Text(text)]
        };
        Self { pieces }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::from(number.to_string())
    }
}

impl Element {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            attributes: Vec::new(),
            children: Vec::new(),
            at: Position::default(),
        }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let attribute = Attribute {
            name: name.to_owned(),
            value: value.into(),
            at: Position::default(),
        };
        self.attributes.push(attribute);
        self
    }

    #[must_use]
    pub fn child(mut self, child: Self) -> Self {
        self.children.push(Node::Element(child));
        self
    }

    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children
            .extend(children.into_iter().map(Node::Element));
        self
    }

    #[must_use]
    pub fn text(mut self, text: impl Into<Value>) -> Self {
        self.children.push(Node::Text(text.into()));
        self
    }

    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
    }

    /// The attribute's text; nothing when it is absent or still unknown.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attribute(name)
            .and_then(|attribute| attribute.value.as_text())
    }

    pub fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            Node::Text(_) | Node::Comment(_) => None,
        })
    }

    pub fn element(&self, name: &str) -> Option<&Self> {
        self.elements().find(|element| element.name == name)
    }

    pub fn texts(&self) -> impl Iterator<Item = &Value> {
        self.children.iter().filter_map(|child| match child {
            Node::Text(text) => Some(text),
            Node::Element(_) | Node::Comment(_) => None,
        })
    }
}
