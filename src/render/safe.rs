//! Makes strings from elsewhere harmless before they are shown.
//!
//! A display name or an error message may be written by a stranger. Shown as it is, it could drive the terminal, or a
//! pipeline: GitHub and Azure Pipelines take commands from what is printed (`::add-mask::`, `##vso[task.setvariable]`).

use std::fmt::Write as _;

/// One line without control characters, direction overrides or workflow commands.
pub fn line(text: &str) -> String {
    without_commands(&escaped(text, char::is_control))
}

/// As [`line()`], with line breaks kept.
pub fn block(text: &str) -> String {
    without_commands(&escaped(&text.replace("\r\n", "\n"), |c| {
        c.is_control() && c != '\n'
    }))
}

fn escaped(text: &str, is_bad: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' && is_bad(c) {
            out.push_str("\\n");
        } else if c == '\t' && is_bad(c) {
            out.push(' ');
        } else if is_bad(c) || is_direction(c) {
            let _infallible = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// Characters that make text read otherwise than it is (Unicode TR 36, "Bidirectional text spoofing").
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Azure Pipelines and old GitHub runners look for `##vso[` and `##[` anywhere in a line, GitHub for `::command` at
/// its start; a string may come to stand there, so every word is taken for a start.
pub fn without_commands(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at_start = true;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if at_start && rest.starts_with("::") {
            out.push_str(": :");
            rest = &rest[2..];
            at_start = false;
            continue;
        }
        if c == '#' && out.ends_with('#') {
            out.push(' ');
        }
        out.push(c);
        at_start = c.is_whitespace();
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// JSON that says the same and holds no workflow command: its lines never start with a string's text, so only the
/// commands that work anywhere matter.
pub fn json(value: &serde_json::Value) -> String {
    format!("{value:#}").replace("##", "#\\u0023")
}

/// As [`json`], on one line.
pub fn json_line(value: &serde_json::Value) -> String {
    value.to_string().replace("##", "#\\u0023")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_drives_a_terminal_is_shown_instead_of_sent() {
        assert_eq!(
            line("a\u{1b}[31mb\u{7}\n\tc\r"),
            "a\\u{1b}[31mb\\u{7}\\n c\\u{d}"
        );
        assert_eq!(
            line("user\u{202e}txt.exe\u{9b}"),
            "user\\u{202e}txt.exe\\u{9b}"
        );
        assert_eq!(block("a\r\nb\u{1b}"), "a\nb\\u{1b}");
    }

    #[test]
    fn workflow_commands_are_broken_wherever_they_may_come_to_stand() {
        assert_eq!(
            line("##vso[task.setvariable]x"),
            "# #vso[task.setvariable]x"
        );
        assert_eq!(line("::add-mask::x"), ": :add-mask::x");
        assert_eq!(block("ok\n  ::error::x"), "ok\n  : :error::x");
        assert!(!line("###[").contains("##["));
    }

    #[test]
    fn json_without_workflow_commands_means_the_same() {
        let value = serde_json::json!({ "a": "##vso[x]\\###", "##b": [] });
        let text = json(&value);
        assert!(!text.contains("##"), "{text}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            value
        );
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        for text in ["Bestellungen für Zoë", "fe80::a", "a # b", "🦀"] {
            assert_eq!(line(text), text);
        }
    }
}
