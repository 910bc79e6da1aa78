//! Words for people: plurals, indentation, lists of names, the nearest name. The only helper module.

/// `1 change`, `2 changes`: `plural(2, "change")`.
pub fn plural(count: usize, noun: &str) -> String {
    let ending = match (count, noun.as_bytes()) {
        (1, _) => return format!("1 {noun}"),
        (_, [.., b's' | b'x'] | [.., b'c' | b's', b'h']) => "es",
        (_, [.., before, b'y']) if !b"aeiou".contains(before) => {
            return format!("{count} {}ies", &noun[..noun.len() - 1]);
        }
        _ => "s",
    };
    format!("{count} {noun}{ending}")
}

/// Every line of `text` moved right by `width` spaces; empty lines stay empty.
pub fn indent(text: &str, width: usize) -> String {
    let margin = " ".repeat(width);
    let lines = text.split('\n').map(|line| {
        if line.is_empty() {
            String::new()
        } else {
            format!("{margin}{line}")
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// `` `a`, `b` or `c` ``: what is possible, in the order given.
pub fn list_of_names<I>(names: I) -> String
where
    I: IntoIterator,
    I::Item: AsRef<str>,
{
    let mut quoted: Vec<String> = names
        .into_iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    match (quoted.pop(), quoted.as_slice()) {
        (None, _) => String::new(),
        (Some(only), []) => only,
        (Some(last), rest) => format!("{} or {last}", rest.join(", ")),
    }
}

/// `a, b and 3 more`: the first few of many.
pub fn some_of(names: &[String], few: usize) -> String {
    match names.len().checked_sub(few) {
        None | Some(0) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..few].join(", ")),
    }
}

/// The candidate that `name` was most likely meant to be, if one is near enough for a suggestion.
///
/// Near is a third of the longer name, as rustc does it: `fronDoor` finds `frontDoor`, `foo` finds nothing.
pub fn nearest<'a, I>(name: &str, candidates: I) -> Option<&'a str>
where
    I: IntoIterator<Item = &'a str>,
{
    let wanted = name.to_lowercase();
    let rank = |candidate: &'a str| (distance(&wanted, &candidate.to_lowercase()), candidate);
    let (found, candidate) = candidates.into_iter().map(rank).min()?;
    let longer = name.chars().count().max(candidate.chars().count());
    (found <= longer.div_ceil(3)).then_some(candidate)
}

/// Edits between two texts, a swap of neighbours counting as one (optimal string alignment).
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let mut best = (last[j] + usize::from(a != b))
                .min(last[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plural_follows_english_spelling() {
        let said = [
            (0, "change"),
            (1, "change"),
            (2, "policy"),
            (3, "key"),
            (2, "address"),
        ]
        .map(|(n, noun)| plural(n, noun));
        assert_eq!(
            said,
            [
                "0 changes",
                "1 change",
                "2 policies",
                "3 keys",
                "2 addresses"
            ]
        );
    }

    #[test]
    fn names_are_listed_as_people_say_them() {
        assert_eq!(list_of_names(["a"]), "`a`");
        assert_eq!(list_of_names(["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(list_of_names::<[&str; 0]>([]), "");
    }

    #[test]
    fn the_first_few_of_many_say_how_many_more_there_are() {
        let names = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(some_of(&names, 3), "a, b, c");
        assert_eq!(some_of(&names, 1), "a and 2 more");
    }

    #[test]
    fn empty_lines_are_not_indented() {
        assert_eq!(indent("a\n\nb\n", 2), "  a\n\n  b\n");
    }

    #[test]
    fn the_nearest_name_forgives_case_swaps_and_slips() {
        let keys = ["frontDoor", "functions", "gateway", "apis"];
        assert_eq!(nearest("fronDoor", keys), Some("frontDoor"));
        assert_eq!(nearest("frontdoor", keys), Some("frontDoor"));
        assert_eq!(nearest("gatewya", keys), Some("gateway"));
        assert_eq!(nearest("api", keys), Some("apis"));
        assert_eq!(nearest("database", keys), None);
    }

    #[test]
    fn a_swap_of_neighbours_is_one_edit() {
        assert_eq!(distance("gatewya", "gateway"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
