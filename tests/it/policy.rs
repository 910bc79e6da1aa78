//! Policy documents: what Azure really stored, and generated ones.
#![expect(
    clippy::print_stderr,
    reason = "a test says what it skips, and stops at what it cannot read"
)]

use std::path::Path;

use proptest::prelude::*;
use secgw::policy::{Document, Element, Form, Node, Value, diff, keep_comments};
use serde_json::Value as Json;

/// Each policy in a recorded body, with the form it is in.
fn policies(json: &Json, found: &mut Vec<(String, Form)>) {
    match json {
        Json::Object(members) => {
            if let Some(text) = members
                .get("value")
                .and_then(Json::as_str)
                .filter(|text| text.trim().starts_with('<'))
            {
                found.push((
                    text.to_owned(),
                    Form::of(members.get("format").and_then(Json::as_str)),
                ));
            }
            members.values().for_each(|member| policies(member, found));
        }
        Json::Array(items) => items.iter().for_each(|item| policies(item, found)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn recordings() -> Option<Vec<(String, Json)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/azure/recordings/dev");
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("SKIPPED: no recordings at {}", folder.display());
        return None;
    };
    let read = |path: &Path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    Some(
        files
            .map(|file| file.unwrap().path())
            .map(|path| (path.display().to_string(), read(&path)))
            .collect(),
    )
}

#[test]
fn every_recorded_policy_survives_reading_and_writing() {
    let Some(recordings) = recordings() else {
        return;
    };
    let mut found = Vec::new();
    for (_, recording) in &recordings {
        policies(recording, &mut found);
    }
    assert!(found.len() > 30, "only {} policies", found.len());
    for (text, form) in found {
        let document =
            Document::read(&text, form).unwrap_or_else(|error| panic!("{error}\n{text}"));
        for form in [Form::Raw, Form::Escaped] {
            assert_eq!(
                Document::read(&document.write(form), form).as_ref(),
                Ok(&document),
                "{text}"
            );
        }
    }
}

#[test]
fn what_azure_stored_differs_in_nothing_from_what_was_sent() {
    let Some(recordings) = recordings() else {
        return;
    };
    let mut compared = 0;
    for (file, recording) in &recordings {
        for exchange in recording["exchanges"].as_array().unwrap() {
            let [mut sent, mut stored] = [Vec::new(), Vec::new()];
            policies(&exchange["request_body"], &mut sent);
            policies(&exchange["response_body"], &mut stored);
            if let ([(sent, sent_form)], [(stored, stored_form)]) =
                (sent.as_slice(), stored.as_slice())
            {
                let sent = Document::read(sent, *sent_form).unwrap();
                assert_eq!(
                    diff(&Document::read(stored, *stored_form).unwrap(), &sent),
                    [],
                    "{file}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 5, "only {compared} pairs");
}

/// C# as people write it in policies, all that makes an expression hard to find the end of.
fn code() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("a < b".to_owned()),
        Just("x.As<JObject>(preserveContent: true)[\"k\"]".to_owned()),
        Just("'\"'".to_owned()),
        Just("'\\''".to_owned()),
        Just("@\"c:\\(\"\"\"".to_owned()),
        Just("$\"{d[\"k)\"]:HH:mm}{{\"".to_owned()),
        Just("/* \" ) */ 1".to_owned()),
        Just("// don't }\n 2".to_owned()),
        Just("a && !b ? \"&amp;\" : \"</value>\"".to_owned()),
        "[ -~]{0,8}"
            .prop_map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("f({a},\n\t{b})")),
            inner.clone().prop_map(|a| format!("new[] {{ {a} }}[0]")),
            inner.prop_map(|a| format!("({a})")),
        ]
    })
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~é€\n]{1,12}",
        code().prop_map(|code| format!("@({code}\n)")),
        code().prop_map(|code| format!("@{{ var x = {code}\n; return x; }}")),
        ("[a-z {}@]{0,4}", code()).prop_map(|(text, code)| format!("{text}@({code}\n){text}")),
        Just("me@(home".to_owned()),
        Just("{{named-value}}".to_owned()),
    ]
}

fn named() -> impl Strategy<Value = Element> {
    let attributes = proptest::collection::btree_map("[a-z][a-z-]{0,6}", value(), 0..3);
    ("[a-z][a-z-]{0,6}", attributes).prop_map(|(name, attributes)| {
        attributes
            .into_iter()
            .fold(Element::new(&name), |element, (name, value)| {
                element.with(&name, value)
            })
    })
}

fn element() -> impl Strategy<Value = Element> {
    let leaf = (named(), proptest::option::of(value()))
        .prop_map(|(element, text)| text.into_iter().fold(element, Element::text));
    leaf.prop_recursive(3, 24, 4, move |inner| {
        let comment = "[ a-z<\"@(]{0,8}".prop_map(Node::Comment);
        let text = value().prop_map(|text| Node::Text(Value::from(text)));
        let child = prop_oneof![4 => inner.prop_map(Node::Element), 1 => comment, 1 => text];
        (named(), proptest::collection::vec(child, 0..4)).prop_map(|(mut element, children)| {
            element.children = children;
            element
                .children
                .dedup_by(|b, a| matches!((a, b), (Node::Text(_), Node::Text(_))));
            element
        })
    })
}

fn document() -> impl Strategy<Value = Document> {
    let sections = proptest::array::uniform4(proptest::collection::vec(element(), 0..3));
    sections
        .prop_map(|sections| Document::of_sections(|section| sections[section as usize].clone()))
}

/// The values of a document, in order: attributes and texts.
fn values(element: &mut Element) -> Vec<&mut Value> {
    let mut found: Vec<&mut Value> = element
        .attributes
        .iter_mut()
        .map(|attribute| &mut attribute.value)
        .collect();
    for child in &mut element.children {
        match child {
            Node::Element(child) => found.extend(values(child)),
            Node::Text(text) => found.push(text),
            Node::Comment(_) => {}
        }
    }
    found
}

/// The text with one character changed, removed or added; never the same text.
fn mutated(text: &str, at: usize, how: usize) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = at % chars.len();
    match how {
        0 => chars[at] = if chars[at] == 'x' { 'y' } else { 'x' },
        1 => chars[at] = if chars[at] == ' ' { '_' } else { ' ' },
        2 => drop(chars.remove(at)),
        _ => chars.insert(at, ' '),
    }
    chars.into_iter().collect()
}

/// The document as somebody else would have spelled it: other quotes, attributes turned round, spread out, CRLF.
fn respelled(element: &Element) -> String {
    let attributes = element.attributes.iter().rev().map(|attribute| {
        let numeric = |c: char| {
            if c.is_alphanumeric() {
                c.to_string()
            } else {
                format!("&#{};", u32::from(c))
            }
        };
        let value: String = attribute.value.shown().chars().map(numeric).collect();
        format!("\r\n {} =\t'{value}'", attribute.name)
    });
    let has_text = element.texts().next().is_some();
    let space = if has_text { "" } else { "\r\n\t  " };
    let children = element.children.iter().map(|child| match child {
        Node::Element(child) => respelled(child) + space,
        Node::Text(text) => {
            let text = text
                .shown()
                .replace('&', "&#x26;")
                .replace('<', "&lt;")
                .replace('\n', "\r\n");
            if text.trim().is_empty() {
                text.replace(' ', "&#32;").replace('\n', "&#10;")
            } else {
                text
            }
        }
        Node::Comment(comment) => format!("<!--{comment}-->{space}"),
    });
    let (attributes, children): (String, String) = (attributes.collect(), children.collect());
    format!(
        "<{}{attributes} >{space}{children}</{}>",
        element.name, element.name
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn writing_and_reading_a_document_is_the_identity(document in document()) {
        for form in [Form::Raw, Form::Escaped] {
            let read = Document::read(&document.write(form), form);
            prop_assert_eq!(read.as_ref(), Ok(&document));
        }
    }

    #[test]
    fn a_change_of_one_character_is_always_noticed(document in document(), which: usize, at: usize, how in 0..4_usize) {
        let mut changed = document.clone();
        let mut values = values(&mut changed.root);
        prop_assume!(!values.is_empty());
        let count = values.len();
        let value: &mut Value = values[which % count];
        let text = value.shown();
        *value = Value::from(mutated(&text, at, how));
        prop_assert!(!diff(&document, &changed).is_empty());
        // The same through text, in whichever form: what cannot be read is noticed too.
        for form in [Form::Raw, Form::Escaped] {
            let read = Document::read(&changed.write(form), form).unwrap();
            prop_assert!(!diff(&document, &read).is_empty());
        }
    }

    #[test]
    fn the_spelling_of_a_document_is_no_difference(document in document()) {
        let respelled = Document::read(&respelled(&document.root), Form::Escaped).unwrap();
        prop_assert_eq!(diff(&respelled, &document), []);
        prop_assert_eq!(diff(&document, &respelled), []);
    }

    #[test]
    fn a_document_rewritten_over_another_means_what_it_meant(live in document(), wanted in document()) {
        let kept = keep_comments(&live, &wanted);
        prop_assert_eq!(diff(&kept, &wanted), []);
    }
}
