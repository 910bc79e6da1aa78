//! What pipelines read from a log: annotations of GitHub Actions, logging commands of Azure Pipelines.
//!
//! These are the only commands that secgw prints on purpose. What is put into them is harmless by itself (`safe`) and
//! escaped here, so that no text from elsewhere ends a command or starts another one.

use std::fmt::Write as _;

use super::notice::Notice;
use super::safe;
use super::sarif::Level;
use crate::text::plural;

/// GitHub shows ten annotations of each kind for a step and drops the rest without a word.
const MOST_OF_A_KIND: usize = 10;

const KINDS: [Level; 3] = [Level::Error, Level::Warning, Level::Note];

/// `::error file=spec.yaml,line=42,title=secgw/blocked::message`, the worst ten of each kind.
pub fn github(notices: &[Notice]) -> String {
    written(notices, |notice, out| {
        let kind = match notice.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note | Level::None => "notice",
        };
        let title = format!("{} ({})", notice.title, notice.rule);
        let mut properties = vec![("title", title)];
        if let Some(at) = &notice.at {
            properties.push(("file", safe::line(at.file())));
            properties.push(("line", at.line().to_string()));
            properties.push(("col", at.column().to_string()));
        }
        let properties: Vec<String> = properties
            .into_iter()
            .map(|(name, value)| format!("{name}={}", github_property(&value)))
            .collect();
        let message = github_data(&format!("{} [{}]", notice.message, notice.address));
        let _infallible = writeln!(out, "::{kind} {}::{message}", properties.join(","));
    })
}

/// `##vso[task.logissue type=error;sourcepath=spec.yaml;linenumber=42;code=secgw/blocked]message`.
pub fn azdo(notices: &[Notice]) -> String {
    written(notices, |notice, out| {
        let kind = match notice.level {
            Level::Error => "error",
            Level::Warning => "warning",
            // Azure Pipelines has no third kind.
            Level::Note | Level::None => return,
        };
        let mut properties = format!("type={kind};");
        if let Some(at) = &notice.at {
            let _infallible = write!(
                properties,
                "sourcepath={};linenumber={};columnnumber={};",
                azdo_escaped(&safe::line(at.file())),
                at.line(),
                at.column()
            );
        }
        let code = azdo_escaped(notice.rule);
        let message = azdo_escaped(&format!("{} [{}]", notice.message, notice.address));
        let _infallible = writeln!(
            out,
            "##vso[task.logissue {properties}code={code};]{message}"
        );
    })
}

/// The worst of each kind, and how many more there are.
fn written(notices: &[Notice], write: impl Fn(&Notice, &mut String)) -> String {
    let mut out = String::new();
    for kind in KINDS {
        let of_kind: Vec<&Notice> = notices
            .iter()
            .filter(|notice| notice.level == kind)
            .collect();
        for notice in of_kind.iter().take(MOST_OF_A_KIND) {
            write(notice, &mut out);
        }
        if let Some(more) = of_kind
            .len()
            .checked_sub(MOST_OF_A_KIND)
            .filter(|more| *more > 0)
        {
            let noun = match kind {
                Level::Error => "error",
                Level::Warning => "warning",
                Level::Note | Level::None => "notice",
            };
            let _infallible = writeln!(
                out,
                "{} without an annotation",
                plural(more, &format!("more {noun}"))
            );
        }
    }
    out
}

/// A log section that can be folded.
pub fn github_group(title: &str, text: &str) -> String {
    format!(
        "::group::{}\n{text}::endgroup::\n",
        github_data(&safe::line(title))
    )
}

/// A log section that can be folded.
pub fn azdo_group(title: &str, text: &str) -> String {
    format!("##[group]{}\n{text}##[endgroup]\n", safe::line(title))
}

/// Lines for the file that `GITHUB_OUTPUT` names.
pub fn github_outputs(values: &[(&str, String)]) -> String {
    let lines = values
        .iter()
        .map(|(name, value)| format!("{name}={}\n", safe::line(value)));
    lines.collect()
}

/// Variables that later steps and jobs read.
pub fn azdo_variables(values: &[(&str, String)]) -> String {
    let lines = values.iter().map(|(name, value)| {
        format!(
            "##vso[task.setvariable variable=secgw_{name};isOutput=true]{}\n",
            azdo_escaped(&safe::line(value))
        )
    });
    lines.collect()
}

/// Attaches a Markdown file to the run's summary page.
pub fn azdo_summary(path: &str) -> String {
    format!(
        "##vso[task.uploadsummary]{}\n",
        azdo_escaped(&safe::line(path))
    )
}

fn github_data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn github_property(text: &str) -> String {
    github_data(text).replace(':', "%3A").replace(',', "%2C")
}

fn azdo_escaped(text: &str) -> String {
    text.replace('%', "%AZP25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
        .replace(';', "%3B")
        .replace(']', "%5D")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::At;

    fn notice(level: Level, message: &str) -> Notice {
        Notice {
            rule: "secgw/delete",
            title: "Resource is deleted",
            level,
            message: message.to_owned(),
            address: "/subscriptions/s".to_owned(),
            at: Some(At::new("gateway", &"a,b:c.yaml".into(), 3, 5)),
        }
    }

    #[test]
    fn what_means_something_to_github_is_escaped() {
        assert_eq!(
            github(&[notice(Level::Warning, "100%\nnext")]),
            "::warning title=Resource is deleted (secgw/delete),file=a%2Cb%3Ac.yaml,line=3,col=5::100%25%0Anext [/subscriptions/s]\n"
        );
    }

    #[test]
    fn what_means_something_to_azure_pipelines_is_escaped() {
        assert_eq!(
            azdo(&[notice(Level::Error, "a;b]c%")]),
            "##vso[task.logissue type=error;sourcepath=a,b:c.yaml;linenumber=3;columnnumber=5;code=secgw/delete;]a%3Bb%5Dc%AZP25 [/subscriptions/s%5D\n"
        );
    }

    #[test]
    fn ten_of_a_kind_are_annotated_and_the_rest_counted() {
        let mut notices: Vec<Notice> = (0..13)
            .map(|n| notice(Level::Warning, &n.to_string()))
            .collect();
        notices.push(notice(Level::Error, "bad"));
        notices.push(notice(Level::None, "fine"));
        let text = github(&notices);
        assert_eq!(text.matches("::warning ").count(), 10);
        assert!(text.starts_with("::error "), "{text}");
        assert!(
            text.ends_with("3 more warnings without an annotation\n"),
            "{text}"
        );
        assert!(!text.contains("fine"), "{text}");
    }
}
