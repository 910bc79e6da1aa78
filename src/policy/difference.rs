//! The differences between two policy documents, by element and attribute.
//!
//! Trees are compared, so what API Management does to a text makes no difference: attribute order, quotes, white space
//! between tags, CRLF, `<a></a>`, entities, `rawxml` or `xml`. Everything else does: the order of elements,
//! each character of a value, of a text with its edges, of an expression with its white space. Edges count because API
//! Management keeps text nodes as they are (azure-rest-api-specs#21835 and #25306 show them unchanged), and a
//! `<set-body>` delivers them; azurerm strips all white space and so misses `Bearer x` turned `Bearerx`.
//!
//! Comments have no effect at the gateway. One that only the document before has is left alone and survives a rewrite
//! (`keep_comments`), as any foreign member does; one that the document after wants and the other lacks is a change.

use super::document::Document;
use super::read::Form;
use super::secret::Secrets;
use super::tree::{Element, Node, Value};
use super::write;

/// One difference. `path` is like `inbound/validate-jwt/audiences/audience[2]` or `…/@clock-skew`; an element that is
/// added or removed is shown whole, as `rawxml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyChange {
    pub path: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// A document for people: what may be secret in it is a hole.
#[must_use]
pub fn without_secrets(document: &Document) -> Document {
    Secrets::default().hidden(document)
}

/// The texts of a document that may be secrets.
pub fn secrets(document: &Document) -> Vec<String> {
    let mut secrets = Secrets::default();
    secrets.hidden(document);
    secrets.texts()
}

/// What turns `before` (live) into `after` (desired), without what may be secret. None: they mean the same.
pub fn diff(before: &Document, after: &Document) -> Vec<PolicyChange> {
    let mut secrets = Secrets::default();
    let (before, after) = (&secrets.hidden(before), &secrets.hidden(after));
    let mut differ = Differ::default();
    differ.comments("comment()", &before.leading, &after.leading);
    if before.root.name == after.root.name {
        let path = if after.root.name == "policies" {
            ""
        } else {
            &after.root.name
        };
        differ.element(path, &before.root, &after.root);
    } else {
        differ.push(before.root.name.clone(), Some(shown(&before.root)), None);
        differ.push(after.root.name.clone(), None, Some(shown(&after.root)));
    }
    differ.comments("comment()", &before.trailing, &after.trailing);
    differ.changes
}

/// `after`, with the comments that only `before` has, each behind what it stood behind.
#[must_use]
pub fn keep_comments(before: &Document, after: &Document) -> Document {
    let mut kept = after.clone();
    kept.leading = union(&before.leading, &after.leading);
    kept.trailing = union(&before.trailing, &after.trailing);
    if before.root.name == after.root.name {
        keep_in(&before.root, &mut kept.root);
    }
    kept
}

fn union(before: &[String], after: &[String]) -> Vec<String> {
    let foreign = before.iter().filter(|comment| !after.contains(comment));
    foreign.chain(after).cloned().collect()
}

fn keep_in(before: &Element, after: &mut Element) {
    let own: Vec<&String> = comments(after);
    let foreign: Vec<bool> = before
        .children
        .iter()
        .map(|child| matches!(child, Node::Comment(comment) if !own.contains(&comment)))
        .collect();
    let pairs = align(&before.children, &after.children);
    let mut children = Vec::new();
    let mut old = after.children.drain(..).collect::<Vec<_>>().into_iter();
    for pair in pairs {
        match pair {
            Pair::Both(i, _) => children.extend(old.next().map(|mut child| {
                if let (Node::Element(before), Node::Element(after)) =
                    (&before.children[i], &mut child)
                {
                    keep_in(before, after);
                }
                child
            })),
            Pair::After(_) => children.extend(old.next()),
            Pair::Before(i) if foreign[i] => children.push(before.children[i].clone()),
            Pair::Before(_) => {}
        }
    }
    after.children = children;
}

fn comments(element: &Element) -> Vec<&String> {
    let mut comments = Vec::new();
    for child in &element.children {
        if let Node::Comment(comment) = child {
            comments.push(comment);
        }
    }
    comments
}

#[derive(Default)]
struct Differ {
    changes: Vec<PolicyChange>,
}

impl Differ {
    fn push(&mut self, path: String, before: Option<String>, after: Option<String>) {
        self.changes.push(PolicyChange {
            path,
            before,
            after,
        });
    }

    fn element(&mut self, path: &str, before: &Element, after: &Element) {
        self.attributes(path, before, after);
        let own = |element: &Element| comments(element).into_iter().cloned().collect::<Vec<_>>();
        self.comments(&join(path, "comment()"), &own(before), &own(after));
        for pair in align(&before.children, &after.children) {
            match pair {
                Pair::Both(i, j) => self.matched(path, before, after, (i, j)),
                Pair::Before(i) => self.lone(path, before, i, false),
                Pair::After(j) => self.lone(path, after, j, true),
            }
        }
    }

    fn attributes(&mut self, path: &str, before: &Element, after: &Element) {
        for attribute in &before.attributes {
            let now = after
                .attribute(&attribute.name)
                .map(|attribute| &attribute.value);
            if now != Some(&attribute.value) {
                let path = join(path, &format!("@{}", attribute.name));
                self.push(path, Some(attribute.value.shown()), now.map(Value::shown));
            }
        }
        for attribute in after
            .attributes
            .iter()
            .filter(|attribute| before.attribute(&attribute.name).is_none())
        {
            self.push(
                join(path, &format!("@{}", attribute.name)),
                None,
                Some(attribute.value.shown()),
            );
        }
    }

    /// Each comment wanted must be there, in order.
    fn comments(&mut self, path: &str, before: &[String], after: &[String]) {
        let mut rest = before.iter();
        for comment in after {
            if !rest.any(|present| present == comment) {
                self.push(path.to_owned(), None, Some(comment.clone()));
            }
        }
    }

    fn matched(&mut self, path: &str, before: &Element, after: &Element, (i, j): (usize, usize)) {
        match (&before.children[i], &after.children[j]) {
            (Node::Element(old), Node::Element(new)) => {
                self.element(&join(path, &step(after, j)), old, new);
            }
            (Node::Text(old), Node::Text(new)) if old != new => {
                self.push(path.to_owned(), Some(old.shown()), Some(new.shown()));
            }
            (Node::Element(_) | Node::Text(_) | Node::Comment(_), _) => {}
        }
    }

    fn lone(&mut self, path: &str, parent: &Element, index: usize, is_new: bool) {
        let (path, text) = match &parent.children[index] {
            Node::Element(element) => (join(path, &step(parent, index)), shown(element)),
            Node::Text(text) => (path.to_owned(), text.shown()),
            Node::Comment(_) => return,
        };
        if is_new {
            self.push(path, None, Some(text));
        } else {
            self.push(path, Some(text), None);
        }
    }
}

fn join(path: &str, step: &str) -> String {
    if path.is_empty() {
        step.to_owned()
    } else {
        format!("{path}/{step}")
    }
}

/// The child's name, told from siblings of the same name by its key, else by its number.
fn step(parent: &Element, index: usize) -> String {
    let Node::Element(child) = &parent.children[index] else {
        return String::new();
    };
    let alike: Vec<&Element> = parent
        .elements()
        .filter(|sibling| sibling.name == child.name)
        .collect();
    if alike.len() == 1 {
        return child.name.clone();
    }
    if let Some((key, value)) = key(child)
        && alike
            .iter()
            .filter(|sibling| sibling.get(key) == Some(value))
            .count()
            == 1
    {
        return format!("{}[@{key}='{value}']", child.name);
    }
    let number = parent.children[..=index]
        .iter()
        .filter(|node| matches!(node, Node::Element(element) if element.name == child.name))
        .count();
    format!("{}[{number}]", child.name)
}

/// The attribute that says which of several like elements this is.
fn key(element: &Element) -> Option<(&'static str, &str)> {
    ["name", "id"]
        .into_iter()
        .find_map(|key| Some((key, element.get(key)?)))
}

fn shown(element: &Element) -> String {
    write::shown(write::write(&[], element, &[], Form::Raw))
}

#[derive(Clone, Copy)]
enum Pair {
    Both(usize, usize),
    Before(usize),
    After(usize),
}

/// How well two nodes fit as before and after of one thing; 0 for not at all. Comments are compared apart.
fn fit(before: &Node, after: &Node) -> usize {
    match (before, after) {
        (Node::Element(before), Node::Element(after)) if before.name != after.name => 0,
        (Node::Element(before), Node::Element(after)) if before == after => 5,
        (Node::Element(before), Node::Element(after)) => match (key(before), key(after)) {
            (Some(old), Some(new)) if old != new => 0,
            (Some(_), Some(_)) => 4,
            _ => 2,
        },
        (Node::Text(before), Node::Text(after)) => {
            if before == after {
                5
            } else {
                1
            }
        }
        (Node::Comment(before), Node::Comment(after)) => usize::from(before == after),
        (Node::Element(_) | Node::Text(_) | Node::Comment(_), _) => 0,
    }
}

/// Pairs the children in order so that the fit is best over all.
fn align(before: &[Node], after: &[Node]) -> Vec<Pair> {
    let (rows, columns) = (before.len(), after.len());
    let mut best = vec![vec![0; columns + 1]; rows + 1];
    for i in (0..rows).rev() {
        for j in (0..columns).rev() {
            let fit = fit(&before[i], &after[j]);
            let both = if fit > 0 { best[i + 1][j + 1] + fit } else { 0 };
            best[i][j] = both.max(best[i + 1][j]).max(best[i][j + 1]);
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    while i < rows || j < columns {
        let fit = if i < rows && j < columns {
            fit(&before[i], &after[j])
        } else {
            0
        };
        if fit > 0 && best[i][j] == best[i + 1][j + 1] + fit {
            pairs.push(Pair::Both(i, j));
            (i, j) = (i + 1, j + 1);
        } else if i < rows && (j == columns || best[i][j] == best[i + 1][j]) {
            pairs.push(Pair::Before(i));
            i += 1;
        } else {
            pairs.push(Pair::After(j));
            j += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document::read(text, Form::Raw).unwrap()
    }

    fn changes(before: &str, after: &str) -> Vec<(String, Option<String>, Option<String>)> {
        let changes = diff(&document(before), &document(after));
        changes
            .into_iter()
            .map(
                |PolicyChange {
                     path,
                     before,
                     after,
                 }| (path, before, after),
            )
            .collect()
    }

    fn change(
        path: &str,
        before: Option<&str>,
        after: Option<&str>,
    ) -> (String, Option<String>, Option<String>) {
        (
            path.to_owned(),
            before.map(str::to_owned),
            after.map(str::to_owned),
        )
    }

    #[test]
    fn what_azure_does_to_a_text_makes_no_difference() {
        let sent = "<policies><inbound><a x='1' y=\"@(\"q\" < 'r')\"><v>s &#38; t</v></a></inbound><outbound/></policies>";
        let stored = "<policies>\r\n\t<inbound>\r\n\t\t<a y=\"@(&quot;q&quot; &lt; 'r')\" x=\"1\">\r\n\t\t\t<v>s &amp; t</v>\
                      \r\n\t\t</a>\r\n\t</inbound>\r\n\t<outbound></outbound>\r\n</policies>";
        let stored = Document::read(stored, Form::Escaped).unwrap();
        assert_eq!(diff(&stored, &document(sent)), []);
    }

    #[test]
    fn white_space_inside_values_texts_and_expressions_is_a_difference() {
        let one =
            |after: &str| changes("<a k=\"b c\"><v>Bearer x</v><w>@(a + b)</w></a>", after).len();
        assert_eq!(one("<a k=\"bc\"><v>Bearer x</v><w>@(a + b)</w></a>"), 1);
        assert_eq!(one("<a k=\"b c\"><v>Bearerx</v><w>@(a + b)</w></a>"), 1);
        assert_eq!(one("<a k=\"b c\"><v>Bearer x </v><w>@(a + b)</w></a>"), 1);
        assert_eq!(one("<a k=\"b c\"><v>Bearer x</v><w>@(a +b)</w></a>"), 1);
    }

    #[test]
    fn a_difference_is_shown_by_element_and_attribute() {
        let before = "<policies><inbound><validate-jwt clock-skew=\"60\"><audiences><audience>1</audience>\
                      <audience>2</audience></audiences></validate-jwt></inbound></policies>";
        let after = before.replace("60", "30").replace(">2<", ">3<");
        assert_eq!(
            changes(before, &after),
            [
                change("inbound/validate-jwt/@clock-skew", Some("60"), Some("30")),
                change(
                    "inbound/validate-jwt/audiences/audience[2]",
                    Some("2"),
                    Some("3")
                ),
            ]
        );
    }

    #[test]
    fn an_inserted_statement_is_one_change() {
        let before = "<policies><inbound><h name=\"a\" /><h name=\"c\" /></inbound></policies>";
        let after = "<policies><inbound><h name=\"a\" /><h name=\"b\"><v>1</v></h><h name=\"c\" /></inbound></policies>";
        let added = "<h name=\"b\">\n\t<v>1</v>\n</h>";
        assert_eq!(
            changes(before, after),
            [change("inbound/h[@name='b']", None, Some(added))]
        );
    }

    #[test]
    fn statements_in_another_order_differ() {
        let before = "<policies><inbound><a /><b /></inbound></policies>";
        let after = "<policies><inbound><b /><a /></inbound></policies>";
        assert_eq!(changes(before, after).len(), 2);
    }

    #[test]
    fn a_comment_is_a_difference_only_when_it_is_wanted_and_missing() {
        let live = "<!-- a --><policies><inbound><!-- b --><c /></inbound></policies>";
        let plain = "<policies><inbound><c /></inbound></policies>";
        assert_eq!(changes(live, plain), []);
        assert_eq!(
            changes(plain, live),
            [
                change("comment()", None, Some(" a ")),
                change("inbound/comment()", None, Some(" b "))
            ]
        );
    }

    #[test]
    fn foreign_comments_survive_a_rewrite_in_their_place() {
        let live = document(
            "<!-- a --><policies><inbound><c /><!-- b --><d k=\"1\"><!-- e --></d></inbound></policies>",
        );
        let wanted =
            document("<policies><inbound><c /><d k=\"2\" /><!-- f --></inbound></policies>");
        let kept = "<!-- a --><policies><inbound><c /><!-- b --><d k=\"2\"><!-- e --></d><!-- f --></inbound></policies>";
        assert_eq!(keep_comments(&live, &wanted), document(kept));
    }
}
