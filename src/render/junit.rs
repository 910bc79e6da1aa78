//! `JUnit` XML: suites of cases that passed, failed or were skipped, whatever they are about.

use std::fmt::Write as _;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    Passed,
    Failed { message: String, detail: String },
    Skipped { message: String },
}

#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    /// By which readers group: `secgw.edge`.
    pub class: String,
    pub ending: Ending,
}

#[derive(Clone, Debug)]
pub struct Suite {
    pub name: String,
    pub cases: Vec<Case>,
}

pub fn xml(name: &str, suites: &[Suite]) -> String {
    let all = || suites.iter().flat_map(|suite| &suite.cases);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    line(
        &mut out,
        &format!("<testsuites name=\"{}\" {}>", escaped(name), counts(all())),
    );
    for suite in suites {
        let counts = counts(suite.cases.iter());
        line(
            &mut out,
            &format!("  <testsuite name=\"{}\" {counts}>", escaped(&suite.name)),
        );
        for case in &suite.cases {
            out.push_str(&self::case(case));
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn line(out: &mut String, text: &str) {
    let _infallible = writeln!(out, "{text}");
}

fn counts<'a>(cases: impl Iterator<Item = &'a Case>) -> String {
    let (mut tests, mut failures, mut skipped) = (0, 0, 0);
    for case in cases {
        tests += 1;
        match case.ending {
            Ending::Passed => {}
            Ending::Failed { .. } => failures += 1,
            Ending::Skipped { .. } => skipped += 1,
        }
    }
    format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\"")
}

fn case(case: &Case) -> String {
    let head = format!(
        "    <testcase classname=\"{}\" name=\"{}\"",
        escaped(&case.class),
        escaped(&case.name)
    );
    match &case.ending {
        Ending::Passed => format!("{head} />\n"),
        Ending::Failed { message, detail } => format!(
            "{head}>\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n",
            escaped(message),
            escaped(detail)
        ),
        Ending::Skipped { message } => format!(
            "{head}>\n      <skipped message=\"{}\" />\n    </testcase>\n",
            escaped(message)
        ),
    }
}

/// XML 1.0 has no way to write most control characters at all.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                let _infallible = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_counted_and_escaped() {
        let case = |ending| Case {
            name: "a<b>\u{1b}".to_owned(),
            class: "secgw.x".to_owned(),
            ending,
        };
        let failed = Ending::Failed {
            message: "\"no\"".to_owned(),
            detail: "a & b".to_owned(),
        };
        let skipped = Ending::Skipped {
            message: "later".to_owned(),
        };
        let suite = Suite {
            name: "x".to_owned(),
            cases: vec![case(Ending::Passed), case(failed), case(skipped)],
        };
        let text = xml("secgw", &[suite]);
        assert!(
            text.contains(
                "<testsuite name=\"x\" tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\">"
            ),
            "{text}"
        );
        assert!(text.contains("name=\"a&lt;b&gt;\\u{1b}\" />"), "{text}");
        assert!(
            text.contains("<failure message=\"&quot;no&quot;\">a &amp; b</failure>"),
            "{text}"
        );
        assert!(text.contains("<skipped message=\"later\" />"), "{text}");
    }
}
