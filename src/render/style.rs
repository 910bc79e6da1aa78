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

/// The text in at most `width` columns, the middle left out: both ends tell values apart. The mark takes three columns
/// where only ASCII is shown.
pub fn fit(text: &str, width: usize) -> String {
    let count = columns(text);
    if count <= width {
        return text.to_owned();
    }
    let kept = width.max(5) - 3;
    let head: String = text.chars().take(kept.div_ceil(2)).collect();
    let tail: String = text.chars().skip(count - kept / 2).collect();
    format!("{head}…{tail}")
}

/// The signs of ours that not every terminal has, in ASCII; what others wrote stays as it is. A wider sign takes its
/// room from the next gap, so that columns stay where they are.
pub fn ascii(text: &str) -> String {
    const SIGNS: [(char, &str); 5] = [
        ('→', "->"),
        ('…', "..."),
        ('·', "-"),
        ('–', "-"),
        ('─', "-"),
    ];
    let mut out = String::with_capacity(text.len());
    let mut excess = 0;
    for c in text.chars() {
        if let Some((_, ascii)) = SIGNS.iter().find(|(sign, _)| *sign == c) {
            out.push_str(ascii);
            excess += ascii.len() - 1;
        } else if c == ' ' && excess > 0 && out.ends_with(' ') {
            excess -= 1;
        } else {
            excess = if c == '\n' { 0 } else { excess };
            out.push(c);
        }
    }
    out
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

/// Parts with `between` in lines of at most `width` columns; a part is not broken.
pub fn joined(parts: &[String], between: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(last) if columns(last) + columns(between) + columns(part) <= width => {
                last.push_str(between);
                last.push_str(part);
            }
            Some(_) | None => lines.push(part.clone()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_both_ends() {
        assert_eq!(fit("abcdefghij", 9), "abc…hij");
        assert_eq!(fit("abc", 7), "abc");
    }

    #[test]
    fn a_text_that_fits_fits_in_ascii_too() {
        for width in 5..10 {
            assert!(ascii(&fit("abcdefghij", width)).len() <= width);
        }
        assert_eq!(ascii("a → b · ä"), "a -> b - ä");
        assert_eq!(ascii("a…b    5 s\n  c"), "a...b  5 s\n  c");
    }

    #[test]
    fn words_are_wrapped_and_never_cut() {
        assert_eq!(wrap("a bb ccc dddddddd", 6), ["a bb", "ccc", "dddddddd"]);
    }
}
