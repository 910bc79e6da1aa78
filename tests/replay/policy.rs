//! Changes inside a policy document: attributes, texts, elements.

use secgw::policy::{Document, Element, Form, Node, Value as PolicyValue};
use serde_json::Value;

use super::mutation::changed_texts;

/// The document with one value changed by one character, or one element left out, each in turn.
pub(crate) fn others(text: &str, body: &Value) -> Vec<Value> {
    let format = body.pointer("/properties/format").and_then(Value::as_str);
    let form = Form::of(format);
    let Ok(document) = Document::read(text, form) else {
        return Vec::new();
    };
    let mut changed = Vec::new();
    let mut root = document.root.clone();
    for at in 0..count(&mut root) {
        let Some(original) = nth(&mut root, at).map(|value| value.shown()) else {
            continue;
        };
        for other in changed_texts(&original) {
            let mut document = document.clone();
            if let Some(value) = nth(&mut document.root, at) {
                *value = PolicyValue::from(other);
            }
            changed.push(document);
        }
    }
    for root in without_one(&document.root) {
        changed.push(Document {
            root,
            ..document.clone()
        });
    }
    changed
        .iter()
        .map(|document| Value::from(document.write(form)))
        .collect()
}

fn count(element: &mut Element) -> usize {
    let mut count = 0;
    while nth(element, count).is_some() {
        count += 1;
    }
    count
}

/// The n-th attribute value or text.
fn nth(element: &mut Element, n: usize) -> Option<&mut PolicyValue> {
    fn values<'a>(element: &'a mut Element, found: &mut Vec<&'a mut PolicyValue>) {
        found.extend(element.attributes.iter_mut().map(|a| &mut a.value));
        for child in &mut element.children {
            match child {
                Node::Element(child) => values(child, found),
                Node::Text(text) => found.push(text),
                Node::Comment(_) => {}
            }
        }
    }
    let mut found = Vec::new();
    values(element, &mut found);
    found.into_iter().nth(n)
}

fn without_one(element: &Element) -> Vec<Element> {
    let mut found = Vec::new();
    for (at, child) in element.children.iter().enumerate() {
        if let Node::Element(child) = child {
            let mut less = element.clone();
            less.children.remove(at);
            found.push(less);
            found.extend(without_one(child).into_iter().map(|child| {
                let mut changed = element.clone();
                changed.children[at] = Node::Element(child);
                changed
            }));
        }
    }
    found
}
