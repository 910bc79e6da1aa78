//! Colours and symbols of the output, and how text is fitted into columns.

use anstyle::{AnsiColor, Style};

use crate::plan::Verb;

pub const STRONG: Style = Style::new().bold();
pub const DIM: Style = Style::new().dimmed();
pub const BAD: Style = AnsiColor::Red.on_default().bold();
pub const GOOD: Style = AnsiColor::Green.on_default();
pub const NOTE: Style = AnsiColor::Cyan.on_default();

pub fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

pub fn of(verb: Verb) -> Style {
    match verb {
        Verb::Create => GOOD,
        Verb::Update => AnsiColor::Yellow.on_default(),
        Verb::Replace => AnsiColor::Magenta.on_default().bold(),
        Verb::Delete => AnsiColor::Red.on_default(),
        Verb::Approve | Verb::Await => NOTE,
    }
}

/// What stands before a change; the words beside it say the same.
pub fn symbol(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "+",
        Verb::Update => "~",
        Verb::Replace => "-/+",
        Verb::Delete => "-",
        Verb::Approve | Verb::Await => "?",
    }
}

/// Columns on the screen, one a character.
pub fn columns(text: &str) -> usize {
    text.chars().count()
}

/// The text in at most `width` columns, the middle left out: both ends tell values apart.
pub fn fit(text: &str, width: usize) -> String {
    let count = columns(text);
    if count <= width {
        return text.to_owned();
    }
    let kept = width.max(3) - 1;
    let head: String = text.chars().take(kept.div_ceil(2)).collect();
    let tail: String = text.chars().skip(count - kept / 2).collect();
    format!("{head}…{tail}")
}

/// Words in lines of at most `width` columns.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last().map_or(0, |line| columns(line));
        match lines.last_mut() {
            Some(last) if line == 0 => last.push_str(word),
            Some(last) if line + 1 + columns(word) <= width => {
                last.push(' ');
                last.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_both_ends() {
        assert_eq!(fit("abcdefghij", 7), "abc…hij");
        assert_eq!(fit("abc", 7), "abc");
    }

    #[test]
    fn words_are_wrapped_and_never_cut() {
        assert_eq!(wrap("a bb ccc dddddddd", 6), ["a bb", "ccc", "dddddddd"]);
    }
}
