//! `$filter` of API Management's lists: comparisons and text functions joined by `and`/`or`.

use serde_json::Value;

/// Any of these groups, each of which holds when all of its terms do: `OData`'s `and` binds tighter than `or`.
pub(crate) struct Filter {
    any: Vec<Vec<Term>>,
}

struct Term {
    field: String,
    test: Test,
    value: String,
}

enum Test {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
}

impl Filter {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let text = match text
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'))
        {
            Some(inner) if !inner.contains('(') => inner,
            _ => text,
        };
        let any = split(text, " or ")
            .map(|group| split(group, " and ").map(term).collect())
            .collect::<Result<_, _>>()?;
        Ok(Self { any })
    }

    pub(crate) fn matches(&self, member: &Value) -> bool {
        self.any
            .iter()
            .any(|all| all.iter().all(|term| term.matches(member)))
    }
}

/// Splits outside quotes.
fn split<'a>(text: &'a str, separator: &'static str) -> impl Iterator<Item = &'a str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let at = text
            .match_indices(separator)
            .find(|(at, _)| text[..*at].matches('\'').count() % 2 == 0);
        if let Some((at, _)) = at {
            rest = Some(&text[at + separator.len()..]);
            Some(&text[..at])
        } else {
            rest = None;
            Some(text)
        }
    })
}

fn term(text: &str) -> Result<Term, String> {
    let text = text.trim();
    if let Some((name, arguments)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        let (field, value) = arguments.split_once(',').ok_or_else(|| text.to_owned())?;
        let test = match name.trim().to_ascii_lowercase().as_str() {
            "contains" => Test::Contains,
            "startswith" => Test::StartsWith,
            "endswith" => Test::EndsWith,
            other => return Err(format!("unknown function '{other}'")),
        };
        return Ok(Term {
            field: field.trim().to_owned(),
            test,
            value: unquoted(value),
        });
    }
    let mut words = text.splitn(3, ' ');
    let (Some(field), Some(test), Some(value)) = (words.next(), words.next(), words.next()) else {
        return Err(format!("'{text}' is no comparison"));
    };
    let test = match test {
        "eq" => Test::Equal,
        "ne" => Test::NotEqual,
        other => return Err(format!("unknown operator '{other}'")),
    };
    Ok(Term {
        field: field.to_owned(),
        test,
        value: unquoted(value),
    })
}

fn unquoted(text: &str) -> String {
    let text = text.trim();
    text.strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
        .unwrap_or(text)
        .replace("''", "'")
}

impl Term {
    fn matches(&self, member: &Value) -> bool {
        let field = self.field.rsplit('/').next().unwrap_or(&self.field);
        let found = match &member["properties"][field] {
            Value::Null => &member[field],
            found => found,
        };
        let found = match found {
            Value::String(text) => text.to_lowercase(),
            other => other.to_string(),
        };
        let value = self.value.to_lowercase();
        match self.test {
            Test::Equal => found == value,
            Test::NotEqual => found != value,
            Test::Contains => found.contains(&value),
            Test::StartsWith => found.starts_with(&value),
            Test::EndsWith => found.ends_with(&value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(filter: &str) -> bool {
        let member = json!({ "name": "orders", "properties": { "displayName": "Orders and more", "isCurrent": true } });
        Filter::parse(filter).unwrap().matches(&member)
    }

    #[test]
    fn comparisons_and_functions_join_as_in_odata() {
        assert!(holds("name eq 'orders'"));
        assert!(holds(
            "properties/isCurrent eq true and startswith(name,'ord')"
        ));
        assert!(holds("displayName eq 'Orders and more'"));
        assert!(holds(
            "name eq 'x' or contains(properties/displayName, 'more')"
        ));
        assert!(!holds("name ne 'orders'"));
        assert!(Filter::parse("name like 'x'").is_err());
    }
}
