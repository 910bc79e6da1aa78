//! Policy documents as API Management reads and writes them: XML with C# expressions inside.
//!
//! Two spellings of one tree. In `xml` an expression is escaped like any text; in `rawxml` it stands as written, quotes
//! and angle brackets and all, so its end has to be found by reading it as C#. Stored and shown documents are spelled by
//! the service: CRLF, a tab per level, blanks between elements dropped, self-closing kept as sent (recorded:
//! `clifork_apim__test_apim_policy`, `aso__Test_ApiManagement_20240501_CRUD`).

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    Xml,
    Raw,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Node>,
    is_self_closing: bool,
    pub(crate) at: Position,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Element(Element),
    Text(String),
    Comment(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// What is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) message: String,
    pub(crate) at: Position,
}

/// A whole document: the root, and comments before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    before: Vec<String>,
    pub(crate) root: Element,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) | Node::Comment(_) => None,
        })
    }

    /// This element and all below it, in document order.
    pub(crate) fn walk(&self) -> Vec<&Self> {
        let mut all = vec![self];
        for child in self.elements() {
            all.extend(child.walk());
        }
        all
    }
}

impl Document {
    pub(crate) fn parse(text: &str, spelling: Spelling) -> Result<Self, Malformed> {
        let mut reader = Reader {
            text,
            at: 0,
            spelling,
        };
        let mut before = Vec::new();
        loop {
            reader.blanks();
            if let Some(comment) = reader.comment()? {
                before.push(comment);
            } else if reader.starts_with("<?") {
                reader.until("?>")?;
            } else {
                break;
            }
        }
        if !reader.starts_with("<") {
            return Err(reader.malformed("Data at the root level is invalid."));
        }
        let root = reader.element()?;
        loop {
            reader.blanks();
            if reader.comment()?.is_none() {
                break;
            }
        }
        if reader.at < text.len() {
            return Err(reader.malformed("There are multiple root elements."));
        }
        Ok(Self { before, root })
    }

    pub(crate) fn print(&self, spelling: Spelling) -> String {
        let mut out = String::new();
        for comment in &self.before {
            out.extend(["<!--", comment, "-->\r\n"]);
        }
        print(&self.root, 0, spelling, &mut out);
        out
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    spelling: Spelling,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn starts_with(&self, token: &str) -> bool {
        self.rest().starts_with(token)
    }

    fn position(&self) -> Position {
        let before = &self.text[..self.at];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Position {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    fn malformed(&self, message: impl Into<String>) -> Malformed {
        Malformed {
            message: message.into(),
            at: self.position(),
        }
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, token: &str) -> bool {
        let is_there = self.starts_with(token);
        if is_there {
            self.at += token.len();
        }
        is_there
    }

    /// Everything up to `token`, which is skipped too.
    fn until(&mut self, token: &str) -> Result<&'a str, Malformed> {
        match self.rest().find(token) {
            Some(end) => {
                let found = &self.rest()[..end];
                self.at += end + token.len();
                Ok(found)
            }
            None => Err(self.malformed(format!("Unexpected end of file: '{token}' is missing."))),
        }
    }

    fn comment(&mut self) -> Result<Option<String>, Malformed> {
        if self.eat("<!--") {
            self.until("-->").map(|text| Some(text.to_owned()))
        } else {
            Ok(None)
        }
    }

    fn name(&mut self) -> Result<String, Malformed> {
        let end = self
            .rest()
            .find(|next: char| !(next.is_alphanumeric() || "-_.:".contains(next)))
            .unwrap_or(self.rest().len());
        if end == 0 {
            return Err(self.malformed("Name cannot begin with this character."));
        }
        let name = self.rest()[..end].to_owned();
        self.at += end;
        Ok(name)
    }

    fn element(&mut self) -> Result<Element, Malformed> {
        let at = self.position();
        self.at += 1;
        let name = self.name()?;
        let mut attributes: Vec<(String, String)> = Vec::new();
        loop {
            self.blanks();
            if self.eat("/>") {
                return Ok(Element {
                    name,
                    attributes,
                    children: Vec::new(),
                    is_self_closing: true,
                    at,
                });
            }
            if self.eat(">") {
                break;
            }
            let attribute = self.name()?;
            if attributes.iter().any(|(known, _)| *known == attribute) {
                return Err(self.malformed(format!("'{attribute}' is a duplicate attribute name.")));
            }
            self.blanks();
            if !self.eat("=") {
                return Err(self.malformed(format!("'{attribute}' has no value.")));
            }
            self.blanks();
            attributes.push((attribute, self.value()?));
        }
        Ok(Element {
            children: self.children(&name)?,
            name,
            attributes,
            is_self_closing: false,
            at,
        })
    }

    fn value(&mut self) -> Result<String, Malformed> {
        let Some(quote @ ('"' | '\'')) = self.rest().chars().next() else {
            return Err(self.malformed("An attribute value must be quoted."));
        };
        self.at += 1;
        if self.spelling == Spelling::Raw && is_expression(self.rest()) {
            let expression = self.expression()?;
            return if self.eat(&quote.to_string()) {
                Ok(expression)
            } else {
                Err(self.malformed("Only an expression may stand in this attribute."))
            };
        }
        let value = self.until(&quote.to_string())?;
        if value.contains('<') {
            return Err(
                self.malformed("'<', hexadecimal value 0x3C, is an invalid attribute character.")
            );
        }
        self.unescaped(value)
    }

    /// `@(…)` or `@{…}`, to its own end.
    fn expression(&mut self) -> Result<String, Malformed> {
        match expression_end(self.rest()) {
            Some(end) => {
                let text = self.rest()[..end].to_owned();
                self.at += end;
                Ok(text)
            }
            None => Err(self.malformed("The expression does not end.")),
        }
    }

    fn children(&mut self, name: &str) -> Result<Vec<Node>, Malformed> {
        let mut children = Vec::new();
        loop {
            if self.at >= self.text.len() {
                return Err(
                    self.malformed(format!("Unexpected end of file: '{name}' is not closed."))
                );
            }
            if let Some(comment) = self.comment()? {
                children.push(Node::Comment(comment));
            } else if self.eat("<![CDATA[") {
                children.push(Node::Text(self.until("]]>")?.to_owned()));
            } else if self.eat("</") {
                let end = self.name()?;
                self.blanks();
                if end != name || !self.eat(">") {
                    return Err(self.malformed(format!(
                        "The '{name}' start tag does not match the end tag of '{end}'."
                    )));
                }
                return Ok(children);
            } else if self.starts_with("<") {
                children.push(Node::Element(self.element()?));
            } else {
                let text = self.characters()?;
                if !text.trim().is_empty() {
                    children.push(Node::Text(text));
                }
            }
        }
    }

    fn characters(&mut self) -> Result<String, Malformed> {
        let mut text = String::new();
        loop {
            let rest = self.rest();
            if self.spelling == Spelling::Raw && is_expression(rest) {
                text.push_str(&self.expression()?);
                continue;
            }
            let Some(next) = rest.chars().next() else {
                return Ok(text);
            };
            if next == '<' {
                return Ok(text);
            }
            let plain = rest[next.len_utf8()..]
                .find(['<', '@'])
                .map_or(rest.len(), |end| end + next.len_utf8());
            self.at += plain;
            text.push_str(&self.unescaped(&rest[..plain])?);
        }
    }

    fn unescaped(&self, text: &str) -> Result<String, Malformed> {
        let mut out = String::new();
        let mut parts = text.split('&');
        out.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let Some((entity, rest)) = part.split_once(';') else {
                return Err(self.malformed("An error occurred while parsing EntityName."));
            };
            match entity {
                "lt" => out.push('<'),
                "gt" => out.push('>'),
                "amp" => out.push('&'),
                "quot" => out.push('"'),
                "apos" => out.push('\''),
                other => out.push(code_point(other).ok_or_else(|| {
                    self.malformed(format!("Reference to undeclared entity '{other}'."))
                })?),
            }
            out.push_str(rest);
        }
        Ok(out)
    }
}

fn code_point(entity: &str) -> Option<char> {
    let digits = entity.strip_prefix('#')?;
    let code = match digits.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
        None => digits.parse().ok()?,
    };
    char::from_u32(code)
}

fn is_expression(text: &str) -> bool {
    text.starts_with("@(") || text.starts_with("@{")
}

/// Where the C# that starts here ends: brackets count, those in strings, characters and comments do not.
fn expression_end(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 1;
    while let Some(next) = text[at..].chars().next() {
        let rest = &text[at..];
        at += if rest.starts_with("//") {
            rest.find('\n')?
        } else if rest.starts_with("/*") {
            rest.find("*/")? + 2
        } else if rest.starts_with("@\"") || rest.starts_with("$@\"") || rest.starts_with("@$\"") {
            verbatim_end(rest)?
        } else if next == '"' || next == '\'' {
            quoted_end(rest, next)?
        } else {
            match next {
                '(' | '{' | '[' => depth += 1,
                ')' | '}' | ']' => depth = depth.checked_sub(1)?,
                _ => {}
            }
            if depth == 0 {
                return Some(at + next.len_utf8());
            }
            next.len_utf8()
        };
    }
    None
}

fn quoted_end(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    for (at, next) in text.char_indices().skip(1) {
        match next {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            next if next == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// `@"…"`: a doubled quote is one quote.
fn verbatim_end(text: &str) -> Option<usize> {
    let mut at = text.find('"')? + 1;
    loop {
        at += text[at..].find('"')? + 1;
        match text[at..].strip_prefix('"') {
            Some(_) => at += 1,
            None => return Some(at),
        }
    }
}

fn print(element: &Element, level: usize, spelling: Spelling, out: &mut String) {
    let indent = "\t".repeat(level);
    out.push_str(&indent);
    out.push('<');
    out.push_str(&element.name);
    for (name, value) in &element.attributes {
        let value = match spelling {
            Spelling::Raw if is_expression(value) => value.clone(),
            Spelling::Raw | Spelling::Xml => escaped_attribute(value),
        };
        out.extend([" ", name, "=\"", &value, "\""]);
    }
    if element.children.is_empty() {
        out.push_str(if element.is_self_closing { " />" } else { ">" });
    } else {
        out.push('>');
    }
    let is_text = element
        .children
        .iter()
        .all(|node| matches!(node, Node::Text(_)));
    for node in &element.children {
        match node {
            Node::Text(text) if is_text => out.push_str(&spelled(text, spelling)),
            Node::Text(text) => {
                out.extend(["\r\n", &indent, "\t", &spelled(text.trim(), spelling)]);
            }
            Node::Comment(comment) => out.extend(["\r\n", &indent, "\t<!--", comment, "-->"]),
            Node::Element(child) => {
                out.push_str("\r\n");
                print(child, level + 1, spelling, out);
            }
        }
    }
    if !is_text {
        out.push_str("\r\n");
        out.push_str(&indent);
    }
    if !element.is_self_closing || !element.children.is_empty() {
        out.extend(["</", &element.name, ">"]);
    }
}

fn spelled(text: &str, spelling: Spelling) -> String {
    if spelling == Spelling::Xml {
        return escaped(text);
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("@(").into_iter().chain(rest.find("@{")).min() {
        let Some(end) = expression_end(&rest[start..]) else {
            break;
        };
        out.push_str(&escaped(&rest[..start]));
        out.push_str(&rest[start..start + end]);
        rest = &rest[start + end..];
    }
    out.push_str(&escaped(rest));
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn escaped_attribute(text: &str) -> String {
    escaped(text)
        .replace('"', "&quot;")
        .replace('\r', "&#xD;")
        .replace('\n', "&#xA;")
        .replace('\t', "&#x9;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str, from: Spelling, to: Spelling) -> String {
        Document::parse(text, from).unwrap().print(to)
    }

    #[test]
    fn a_document_is_spelled_as_recorded() {
        let sent = "<policies> <inbound></inbound> <backend>\n <!-- test -->\n<forward-request /> </backend> <outbound /> </policies>";
        let shown = "<policies>\r\n\t<inbound></inbound>\r\n\t<backend>\r\n\t\t<!-- test -->\r\n\t\t<forward-request />\r\n\t</backend>\r\n\t<outbound />\r\n</policies>";
        assert_eq!(printed(sent, Spelling::Xml, Spelling::Xml), shown);
    }

    #[test]
    fn an_expression_is_escaped_in_xml_and_bare_in_raw() {
        let raw = "<policies>\r\n\t<inbound>\r\n\t\t<set-variable name=\"x\" value=\"@(a.Get(\"k\", \">\") + @\"q\"\"(\" + '\"')\" />\r\n\t\t<set-body>@{ return 1 < 2 && f(\"}\"); }</set-body>\r\n\t</inbound>\r\n</policies>";
        let xml = printed(raw, Spelling::Raw, Spelling::Xml);
        assert!(xml.contains("value=\"@(a.Get(&quot;k&quot;, &quot;&gt;&quot;)"));
        assert!(xml.contains("@{ return 1 &lt; 2 &amp;&amp; f(\"}\"); }"));
        assert_eq!(printed(&xml, Spelling::Xml, Spelling::Raw), raw);
    }

    #[test]
    fn printing_what_was_printed_changes_nothing() {
        let text = "<fragment>\r\n\t<set-header name=\"a\" exists-action=\"delete\" />\r\n\t<return-response>\r\n\t\t<set-body>a\n  b</set-body>\r\n\t</return-response>\r\n</fragment>";
        for spelling in [Spelling::Raw, Spelling::Xml] {
            assert_eq!(printed(text, spelling, spelling), text);
        }
    }

    #[test]
    fn what_is_wrong_is_found_where_it_is() {
        for (text, line, column) in [
            ("<policies>\n <a></b></policies>", 2, 8),
            ("<policies>", 1, 11),
            ("<policies><a b=\"@(x\"/></policies>", 1, 17),
            ("<a/><b/>", 1, 5),
            ("nothing", 1, 1),
        ] {
            let malformed = Document::parse(text, Spelling::Raw).unwrap_err();
            assert_eq!(
                (malformed.at.line, malformed.at.column),
                (line, column),
                "{text}"
            );
        }
    }

    #[test]
    fn quotes_inside_an_attribute_are_no_xml() {
        let text = "<a b=\"@(x(\"y\"))\" />";
        assert!(Document::parse(text, Spelling::Xml).is_err());
        assert!(Document::parse(text, Spelling::Raw).is_ok());
    }
}
