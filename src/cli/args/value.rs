//! What a single value may look like, and what is said where it does not.

use std::time::Duration;

use super::view::{Form, Sink};
use crate::plan::Allowance;
use crate::resource::Pattern;
use crate::text::list_of_names;

/// `FILE`, `plan=FILE`. A name with `=` in it needs its format.
pub(super) fn sink(text: &str) -> Result<Sink, String> {
    let (name, file) = text.split_once('=').unwrap_or(("plan", text));
    let Some((_, form)) = Form::ALL.iter().find(|(known, _)| *known == name) else {
        let known = list_of_names(Form::ALL.map(|(name, _)| name));
        return Err(format!("unknown format `{name}`: there is {known}"));
    };
    if file.is_empty() {
        return Err("a file name is missing".to_owned());
    }
    Ok(Sink {
        form: *form,
        file: file.into(),
    })
}

pub(super) fn digest(text: &str) -> Result<String, String> {
    let is_hex = text.chars().all(|c| c.is_ascii_hexdigit());
    if is_hex && (12..=64).contains(&text.len()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("expected 12 to 64 hexadecimal digits: the line `Digest:` that ends a plan".to_owned())
    }
}

pub(super) fn pattern(text: &str) -> Result<Pattern, String> {
    Pattern::parse(text).ok_or_else(|| {
        "expected the end of an address, such as `apis/orders` or `users/*`".to_owned()
    })
}

pub(super) fn allowance(text: &str) -> Result<Allowance, String> {
    Allowance::parse(text).ok_or_else(|| {
        "expected what the plan says after `--allow`, such as `adopt:apis/orders` or `maxDelete=4`"
            .to_owned()
    })
}

pub(super) fn time(text: &str) -> Result<Duration, String> {
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (count, unit) = text.split_at(split);
    let count: Option<u64> = count.parse().ok();
    match (count, unit) {
        (Some(count), "ms") => Ok(Duration::from_millis(count)),
        (Some(count), "s") => Ok(Duration::from_secs(count)),
        (Some(0), "") => Ok(Duration::ZERO),
        _ => Err("expected a whole number and a unit, such as `50ms` or `1s`".to_owned()),
    }
}

pub(super) fn fraction(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("expected a number from 0 to 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::{Arguments, Command, Form, PlanArgs, View};
    use super::*;

    fn plan(line: &[&str]) -> Result<PlanArgs, clap::Error> {
        match Arguments::try_parse_from([&["secgw", "plan"], line].concat())?.command {
            Command::Plan(args) => Ok(args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_sandbox_has_a_directory_of_its_own_unless_one_is_given() {
        let directory = |line: &[&str]| plan(line).unwrap().azure.sandbox.sandbox;
        assert_eq!(directory(&[]), None);
        assert_eq!(directory(&["--sandbox"]), Some(".secgw/sandbox".into()));
        assert_eq!(directory(&["--sandbox=x"]), Some("x".into()));
        assert!(plan(&["--sandbox", "x"]).is_err());
    }

    #[test]
    fn options_of_the_sandbox_need_the_sandbox() {
        for option in ["--latency=1s", "--operation-scale=0", "--record=x"] {
            assert!(plan(&[option]).is_err(), "{option}");
            assert!(plan(&["--sandbox", option]).is_ok(), "{option}");
        }
        assert!(plan(&["--sandbox", "--auth", "azure-cli"]).is_err());
    }

    #[test]
    fn a_spec_is_named_once() {
        assert!(plan(&["-e", "dev", "-f", "x.yaml"]).is_err());
    }

    #[test]
    fn a_plan_is_written_to_files_by_format() {
        let file = |name: &str| Sink {
            form: Form::Plan,
            file: name.into(),
        };
        let line = ["--out", "a.plan", "--out", "plan=b=c"];
        assert_eq!(plan(&line).unwrap().view.out, [file("a.plan"), file("b=c")]);
        let sarif = Sink {
            form: Form::View(View::Sarif),
            file: "a.sarif".into(),
        };
        assert_eq!(plan(&["--out", "sarif=a.sarif"]).unwrap().view.out, [sarif]);
        for wrong in ["b=c", "plan=", ""] {
            assert!(plan(&["--out", wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_digest_is_given_in_full_or_by_its_beginning() {
        assert_eq!(digest("9F31c0d2a7b4").as_deref(), Ok("9f31c0d2a7b4"));
        for wrong in ["9f31c0d2a7b", "sha256:9f31c0d2a7b4", "", &"a".repeat(65)] {
            assert!(digest(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_have_a_unit_and_fractions_are_sane() {
        assert_eq!(time("50ms"), Ok(Duration::from_millis(50)));
        assert_eq!(time("2s"), Ok(Duration::from_secs(2)));
        for wrong in ["50", "ms", "1.5s", "-1s", ""] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
        assert_eq!(fraction("0.25"), Ok(0.25));
        for wrong in ["-1", "NaN", "inf", "x"] {
            assert!(fraction(wrong).is_err(), "{wrong}");
        }
    }
}
