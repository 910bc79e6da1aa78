//! Checks a document against the catalogue of statements, before Azure would refuse it.

use super::catalogue::{ANY, Content, STATEMENTS, Statement, statement};
use super::document::{Document, Section};
use super::expression;
use super::tree::{Element, Node, Position, Value};
use crate::text::{list_of_names, nearest};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {fault}")]
pub struct Problem {
    pub at: Position,
    pub fault: Fault,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the root is `<{0}>`: a policy document is `<policies>` or `<fragment>`")]
    Root(String),
    #[error("`<{0}>` is no section: inbound, backend, outbound and on-error are")]
    Section(String),
    #[error("the section `<{0}>` is given twice")]
    SectionTwice(String),
    #[error("`<{statement}>` is no policy statement{}", hint(*nearest))]
    Unknown {
        statement: String,
        nearest: Option<&'static str>,
    },
    #[error("`<{statement}>` may not stand in `<{section}>`")]
    WrongSection {
        statement: String,
        section: &'static str,
    },
    #[error("`<{part}>` is no part of `<{statement}>`, which holds {known}")]
    UnknownPart {
        statement: String,
        part: String,
        known: String,
    },
    #[error("`<{statement}>` has no attribute `{attribute}`{}", hint(*nearest))]
    UnknownAttribute {
        statement: String,
        attribute: String,
        nearest: Option<&'static str>,
    },
    #[error("`<{statement}>` needs the attribute `{attribute}`")]
    MissingAttribute {
        statement: String,
        attribute: &'static str,
    },
    #[error("the expression is malformed at its character {character}: {fault}")]
    Expression {
        character: usize,
        fault: expression::Fault,
    },
    #[error("text stands where only statements may")]
    Text,
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| {
        format!("; did you mean `{nearest}`?")
    })
}

fn unknown(name: &str) -> Fault {
    let candidates = STATEMENTS
        .iter()
        .filter(|row| !row.sections.is_empty())
        .map(|row| row.name);
    Fault::Unknown {
        statement: name.to_owned(),
        nearest: nearest(name, candidates),
    }
}

/// Every problem, in document order.
pub fn check(document: &Document) -> Vec<Problem> {
    let mut linter = Linter {
        problems: Vec::new(),
    };
    let root = &document.root;
    match root.name.as_str() {
        "policies" => linter.sections(root),
        "fragment" => linter.statements(root, None),
        other => linter.report(root.at, Fault::Root(other.to_owned())),
    }
    linter.problems
}

struct Linter {
    problems: Vec<Problem>,
}

impl Linter {
    fn report(&mut self, at: Position, fault: Fault) {
        self.problems.push(Problem { at, fault });
    }

    fn sections(&mut self, root: &Element) {
        self.no_text(root);
        let mut seen = Vec::new();
        for child in root.elements() {
            match Section::named(&child.name) {
                None => self.report(child.at, Fault::Section(child.name.clone())),
                Some(section) if seen.contains(&section) => {
                    self.report(child.at, Fault::SectionTwice(child.name.clone()));
                }
                Some(section) => {
                    seen.push(section);
                    self.statements(child, Some(section));
                }
            }
        }
    }

    fn no_text(&mut self, parent: &Element) {
        if parent.texts().next().is_some() {
            self.report(parent.at, Fault::Text);
        }
    }

    fn statements(&mut self, parent: &Element, section: Option<Section>) {
        self.no_text(parent);
        for child in parent.elements() {
            let row = statement(&child.name).filter(|row| !row.sections.is_empty());
            let Some(row) = row else {
                self.report(child.at, unknown(&child.name));
                continue;
            };
            if let Some(section) = section.filter(|section| !row.sections.contains(section)) {
                let fault = Fault::WrongSection {
                    statement: child.name.clone(),
                    section: section.name(),
                };
                self.report(child.at, fault);
            }
            self.statement(child, row, section);
        }
    }

    fn statement(&mut self, element: &Element, row: &Statement, section: Option<Section>) {
        self.attributes(element, row);
        match row.content {
            Content::Text => self.values(element),
            Content::Markup => self.own_values(element),
            Content::Statements => {
                self.own_values(element);
                self.statements(element, section);
            }
            Content::Parts(names) => {
                self.own_values(element);
                self.parts(element, names, section);
            }
        }
    }

    fn attributes(&mut self, element: &Element, row: &Statement) {
        let known = |name: &str| {
            row.required.contains(&name) || row.optional.contains(&name) || row.optional == ANY
        };
        for attribute in element
            .attributes
            .iter()
            .filter(|attribute| !known(&attribute.name))
        {
            let candidates = row.required.iter().chain(row.optional).copied();
            let fault = Fault::UnknownAttribute {
                statement: element.name.clone(),
                attribute: attribute.name.clone(),
                nearest: nearest(&attribute.name, candidates),
            };
            self.report(attribute.at, fault);
        }
        for attribute in row
            .required
            .iter()
            .filter(|name| element.attribute(name).is_none())
        {
            self.report(
                element.at,
                Fault::MissingAttribute {
                    statement: element.name.clone(),
                    attribute,
                },
            );
        }
    }

    fn parts(&mut self, element: &Element, names: &[&str], section: Option<Section>) {
        for child in element.elements() {
            if !names.contains(&child.name.as_str()) {
                let known = list_of_names(names);
                let fault = Fault::UnknownPart {
                    statement: element.name.clone(),
                    part: child.name.clone(),
                    known,
                };
                self.report(child.at, fault);
            } else if let Some(row) = statement(&child.name) {
                self.statement(child, row, section);
            } else {
                self.values(child);
            }
        }
    }

    /// The values of an element and of everything in it.
    fn values(&mut self, element: &Element) {
        self.own_values(element);
        element.elements().for_each(|child| self.values(child));
    }

    fn own_values(&mut self, element: &Element) {
        for attribute in &element.attributes {
            self.value(attribute.at, &attribute.value);
        }
        for child in &element.children {
            if let Node::Text(text) = child {
                self.value(element.at, text);
            }
        }
    }

    fn value(&mut self, at: Position, value: &Value) {
        let text = value.shown();
        if let Err(malformed) = expression::check(&text) {
            let character = text[..malformed.offset].chars().count() + 1;
            self.report(
                at,
                Fault::Expression {
                    character,
                    fault: malformed.fault,
                },
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::Form;
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let document = Document::read(text, Form::Escaped).unwrap();
        check(&document).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_document_as_the_reference_shows_it_has_no_problems() {
        let good = "<policies><inbound><base /><choose><when condition=\"@(true)\"><set-header name=\"a\"><value>b</value>\
                    </set-header></when></choose><send-request mode=\"new\"><set-url>https://a</set-url></send-request>\
                    </inbound><backend><forward-request /></backend><outbound><set-body template=\"liquid\"><any x=\"1\" />\
                    </set-body></outbound><on-error><trace source=\"a\"><message>b</message></trace></on-error></policies>";
        assert_eq!(problems(good), Vec::<String>::new());
    }

    #[test]
    fn each_problem_is_found_where_it_stands() {
        let bad = "<policies>\n<inbound>\n<forward-request />\n<set-headr />\n<choose><when><set-variable name=\"a\" \
                   valve=\"@(f(1)\" /></when><else /></choose>\n<when condition=\"\" />stray</inbound>\n<inbund />\
                   <inbound />\n</policies>";
        let expected = [
            "2:1: text stands where only statements may",
            "3:1: `<forward-request>` may not stand in `<inbound>`",
            "4:1: `<set-headr>` is no policy statement; did you mean `set-header`?",
            "5:9: `<when>` needs the attribute `condition`",
            "5:38: `<set-variable>` has no attribute `valve`; did you mean `value`?",
            "5:15: `<set-variable>` needs the attribute `value`",
            "5:38: the expression is malformed at its character 2: the bracket is never closed",
            "5:62: `<else>` is no part of `<choose>`, which holds `when` or `otherwise`",
            "6:1: `<when>` is no policy statement",
            "7:1: `<inbund>` is no section: inbound, backend, outbound and on-error are",
            "7:11: the section `<inbound>` is given twice",
        ];
        assert_eq!(problems(bad), expected);
    }

    #[test]
    fn an_expression_escaped_twice_is_a_problem() {
        let twice = "<fragment><set-variable name=\"a\" value=\"@(a &amp;lt; b)\" /></fragment>";
        let remedy =
            "expressions are not escaped in rawxml: write the character itself, not its entity";
        assert_eq!(
            problems(twice),
            [format!(
                "1:34: the expression is malformed at its character 5: {remedy}"
            )]
        );
        assert_eq!(problems("<http-data-source />").len(), 1);
    }
}
